"""The ports on Google Cloud: Firestore, Bigtable, Cloud Storage, Pub/Sub and Secret Manager; `build` joins them."""
