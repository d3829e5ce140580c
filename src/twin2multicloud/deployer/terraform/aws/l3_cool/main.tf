# L3 cool on S3: a bucket whose objects (gzipped records of an hour each) are created in the class of the offer.
#
# Where the archive lies at the same place, objects change their class and are deleted at the end by the bucket's own
# rules. Where it lies elsewhere, a mover posts them there and deletes them here.

resource "aws_s3_bucket" "cool" {
  #checkov:skip=CKV_AWS_18: access is logged by the functions that have it; access logs would be billed by the object
  #checkov:skip=CKV_AWS_21: objects are created once and never changed; versions would keep what was deleted
  #checkov:skip=CKV_AWS_144: where a tier lies is the placement's decision
  #checkov:skip=CKV_AWS_145: encrypted with S3's own key; a customer's key is billed monthly, the bill has none
  #checkov:skip=CKV2_AWS_62: nothing has to know of new objects
  bucket = var.name
  # Whether objects may go with it was asked before: see `destroy --discard-data`.
  force_destroy = var.force_destroy
  tags          = merge(var.tags, { component = "cool" })
}

resource "aws_s3_bucket_public_access_block" "cool" {
  bucket                  = aws_s3_bucket.cool.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "cool" {
  bucket = aws_s3_bucket.cool.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "cool" {
  bucket = aws_s3_bucket.cool.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_policy" "cool" {
  bucket = aws_s3_bucket.cool.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OnlyTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.cool.arn, "${aws_s3_bucket.cool.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "OnlyTls12"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.cool.arn, "${aws_s3_bucket.cool.arn}/*"]
        Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
      },
    ]
  })

  depends_on = [aws_s3_bucket_public_access_block.cool]
}

resource "aws_s3_bucket_lifecycle_configuration" "cool" {
  bucket = aws_s3_bucket.cool.id
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

    dynamic "transition" {
      for_each = var.archive == null ? [] : [var.archive]

      content {
        days          = transition.value.days
        storage_class = transition.value.class
      }
    }

    dynamic "expiration" {
      for_each = var.expires_days == null ? [] : [var.expires_days]

      content {
        days = expiration.value
      }
    }
  }
}
