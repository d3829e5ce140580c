# Scenes: the bucket that TwinMaker and its scene viewer read, and an empty scene to begin with.

resource "aws_s3_bucket" "scenes" {
  #checkov:skip=CKV2_AWS_61: scenes do not age
  #checkov:skip=CKV_AWS_18: access is logged by the functions that have it; access logs would be billed by the object
  #checkov:skip=CKV_AWS_21: objects are created once and never changed; versions would keep what was deleted
  #checkov:skip=CKV_AWS_144: where a tier lies is the placement's decision
  #checkov:skip=CKV_AWS_145: encrypted with S3's own key; a customer's key is billed monthly, the bill has none
  #checkov:skip=CKV2_AWS_62: nothing has to know of new objects
  bucket = var.scenes
  # Scenes are loaded again with the twin.
  force_destroy = true
  tags          = merge(var.tags, { component = "scenes" })
}

resource "aws_s3_bucket_public_access_block" "scenes" {
  bucket                  = aws_s3_bucket.scenes.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "scenes" {
  bucket = aws_s3_bucket.scenes.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "scenes" {
  bucket = aws_s3_bucket.scenes.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_policy" "scenes" {
  bucket = aws_s3_bucket.scenes.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OnlyTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.scenes.arn, "${aws_s3_bucket.scenes.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "OnlyTls12"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.scenes.arn, "${aws_s3_bucket.scenes.arn}/*"]
        Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
      },
    ]
  })

  depends_on = [aws_s3_bucket_public_access_block.scenes]
}

# The scene viewer runs in a browser and reads models from here with the viewer's own credentials.
resource "aws_s3_bucket_cors_configuration" "scenes" {
  bucket = aws_s3_bucket.scenes.id

  cors_rule {
    allowed_headers = ["*"]
    allowed_methods = ["GET", "HEAD", "PUT", "POST"]
    allowed_origins = ["https://*.console.aws.amazon.com", "https://*.grafana-workspace.${var.region}.amazonaws.com"]
    expose_headers  = ["ETag"]
    max_age_seconds = 3600
  }
}

resource "aws_s3_object" "scene" {
  #checkov:skip=CKV_AWS_186: encrypted with S3's own key
  bucket       = aws_s3_bucket.scenes.id
  key          = local.scene
  content_type = "application/json"
  content = jsonencode({
    specVersion     = "1.0"
    version         = "1"
    unit            = "meters"
    properties      = {}
    nodes           = []
    rootNodeIndexes = []
    cameras         = []
    rules           = {}
  })
  tags = merge(var.tags, { component = "scenes" })

  lifecycle {
    # Whoever edits the scene in the console edits this object.
    ignore_changes = [content, content_type]
  }
}
