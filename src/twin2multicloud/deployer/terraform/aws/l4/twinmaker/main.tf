# L4 on IoT TwinMaker: a workspace with a bucket of scenes and a first scene, the connector function that keeps twins'
# values in a table, the reader, and the receiver of updates where processing lies elsewhere.
#
# hashicorp/aws has no resources of IoT TwinMaker, so CloudFormation makes them. Component types and entities are the
# runtime's: it makes them of the twin's models when the twin is loaded, and takes them away before this is destroyed
# (a workspace with anything in it cannot be deleted).

resource "aws_dynamodb_table" "twin_values" {
  #checkov:skip=CKV_AWS_28: a twin's values are those of its devices' latest messages; its definition is loaded again
  #checkov:skip=CKV_AWS_119: encrypted with DynamoDB's own key; a customer's key is billed monthly, the bill has none
  name         = var.table
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "k"
  range_key    = "s"
  tags         = merge(var.tags, { component = "twin-values" })

  attribute {
    name = "k"
    type = "S"
  }

  attribute {
    name = "s"
    type = "S"
  }
}

locals {
  connector = module.function["twin-connector"].arn
  scene     = "${var.scene}.json"
}

# What TwinMaker itself may do: read and write its scenes, ask the connector.
resource "aws_iam_role" "workspace" {
  name = var.workspace_role
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "iottwinmaker.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
  tags = merge(var.tags, { component = "graph" })
}

resource "aws_iam_role_policy" "workspace" {
  name = "workspace"
  role = aws_iam_role.workspace.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Bucket"
        Effect   = "Allow"
        Action   = ["s3:GetBucket*", "s3:ListBucket"]
        Resource = [aws_s3_bucket.scenes.arn]
      },
      {
        Sid      = "Scenes"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject"]
        Resource = ["${aws_s3_bucket.scenes.arn}/*"]
      },
      {
        # The service writes and deletes an object of this name to see whether it may.
        Sid      = "Ownership"
        Effect   = "Allow"
        Action   = ["s3:DeleteObject"]
        Resource = ["${aws_s3_bucket.scenes.arn}/DO_NOT_DELETE_WORKSPACE_*"]
      },
      {
        Sid      = "Connector"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = [local.connector]
      },
    ]
  })
}

resource "aws_lambda_permission" "connector" {
  statement_id   = "TwinMaker"
  function_name  = module.function["twin-connector"].name
  action         = "lambda:InvokeFunction"
  principal      = "iottwinmaker.amazonaws.com"
  source_account = local.account
}

resource "aws_cloudformation_stack" "graph" {
  #checkov:skip=CKV_AWS_124: Terraform waits for the stack and says what became of it
  name = var.workspace
  template_body = jsonencode({
    AWSTemplateFormatVersion = "2010-09-09"
    Description              = "Twin2MultiCloud: the workspace of IoT TwinMaker"
    Resources = {
      Workspace = {
        Type = "AWS::IoTTwinMaker::Workspace"
        Properties = {
          WorkspaceId = var.workspace
          Description = "Twin2MultiCloud"
          Role        = aws_iam_role.workspace.arn
          S3Location  = aws_s3_bucket.scenes.arn
          Tags        = merge(var.tags, { component = "graph" })
        }
      }
      Scene = {
        Type      = "AWS::IoTTwinMaker::Scene"
        DependsOn = "Workspace"
        Properties = {
          WorkspaceId     = var.workspace
          SceneId         = var.scene
          ContentLocation = "s3://${aws_s3_bucket.scenes.id}/${aws_s3_object.scene.key}"
        }
      }
    }
  })
  tags = merge(var.tags, { component = "graph" })

  depends_on = [aws_iam_role_policy.workspace, aws_s3_bucket_policy.scenes]
}
