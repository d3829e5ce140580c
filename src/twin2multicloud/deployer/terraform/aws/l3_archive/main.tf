# L3 archive on S3. Where the cool tier lies at the same place, its bucket is the archive as well and there is nothing to
# build (`shared`). Else: a bucket, whose objects are created in the archive's class by a receiver and deleted at the end.

resource "aws_s3_bucket" "archive" {
  #checkov:skip=CKV_AWS_18: access is logged by the functions that have it; access logs would be billed by the object
  #checkov:skip=CKV_AWS_21: objects are created once and never changed; versions would keep what was deleted
  #checkov:skip=CKV_AWS_144: where a tier lies is the placement's decision
  #checkov:skip=CKV_AWS_145: encrypted with S3's own key; a customer's key is billed monthly, the bill has none
  #checkov:skip=CKV2_AWS_62: nothing has to know of new objects
  count = var.shared ? 0 : 1

  bucket = var.name
  # Whether objects may go with it was asked before: see `destroy --discard-data`.
  force_destroy = var.force_destroy
  tags          = merge(var.tags, { component = "archive" })
}

resource "aws_s3_bucket_public_access_block" "archive" {
  count = var.shared ? 0 : 1

  bucket                  = aws_s3_bucket.archive[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "archive" {
  count = var.shared ? 0 : 1

  bucket = aws_s3_bucket.archive[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "archive" {
  count = var.shared ? 0 : 1

  bucket = aws_s3_bucket.archive[0].id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_policy" "archive" {
  count = var.shared ? 0 : 1

  bucket = aws_s3_bucket.archive[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OnlyTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.archive[0].arn, "${aws_s3_bucket.archive[0].arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "OnlyTls12"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.archive[0].arn, "${aws_s3_bucket.archive[0].arn}/*"]
        Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
      },
    ]
  })

  depends_on = [aws_s3_bucket_public_access_block.archive]
}

resource "aws_s3_bucket_lifecycle_configuration" "archive" {
  count = var.shared ? 0 : 1

  bucket = aws_s3_bucket.archive[0].id
  # Else S3 leaves objects below 128 KB in their class; our bill has them change it, whatever their size.
  transition_default_minimum_object_size = "varies_by_storage_class"

  rule {
    id = "ages"
    # A store that is being moved only grows.
    status = var.held ? "Disabled" : "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }

    dynamic "expiration" {
      for_each = var.expires_days == null ? [] : [var.expires_days]

      content {
        days = expiration.value
      }
    }
  }
}
