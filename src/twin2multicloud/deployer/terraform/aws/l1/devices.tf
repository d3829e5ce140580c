# Who a device is and what it may do.

data "aws_iot_endpoint" "devices" {
  endpoint_type = "iot:Data-ATS"
}

# SNI_ONLY: the same authority may be known to several accounts, and no proof of its private key is needed, which stays
# with the deployment. https://docs.aws.amazon.com/iot/latest/developerguide/manage-your-CA-certs.html
resource "aws_iot_ca_certificate" "devices" {
  ca_certificate_pem      = var.device_ca_pem
  certificate_mode        = "SNI_ONLY"
  active                  = true
  allow_auto_registration = true
  tags                    = merge(var.tags, { component = "gateway" })

  registration_config {
    template_name = aws_iot_provisioning_template.devices.name
  }
}

resource "aws_iot_provisioning_template" "devices" {
  name                  = var.devices.template
  description           = "Twin2MultiCloud: devices of ${var.devices.twin}"
  type                  = "JITP"
  enabled               = true
  provisioning_role_arn = aws_iam_role.provisioning.arn
  tags                  = merge(var.tags, { component = "gateway" })

  template_body = jsonencode({
    Parameters = {
      "AWS::IoT::Certificate::CommonName" = { Type = "String" }
      "AWS::IoT::Certificate::Id"         = { Type = "String" }
    }
    Resources = {
      thing = {
        Type = "AWS::IoT::Thing"
        Properties = {
          ThingName = { "Fn::Join" = ["", [var.devices.prefix, { Ref = "AWS::IoT::Certificate::CommonName" }]] }
        }
        OverrideSettings = { AttributePayload = "MERGE", ThingTypeName = "REPLACE", ThingGroups = "DO_NOTHING" }
      }
      certificate = {
        Type       = "AWS::IoT::Certificate"
        Properties = { CertificateId = { Ref = "AWS::IoT::Certificate::Id" }, Status = "ACTIVE" }
      }
      policy = {
        Type       = "AWS::IoT::Policy"
        Properties = { PolicyName = aws_iot_policy.devices.name }
      }
    }
  })

  depends_on = [aws_iam_role_policy_attachment.provisioning]
}

resource "aws_iam_role" "provisioning" {
  name = var.devices.role
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "iot.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
  tags = merge(var.tags, { component = "gateway" })
}

# Registering a thing takes rights on all things; AWS's own policy for it is the narrowest that is documented.
resource "aws_iam_role_policy_attachment" "provisioning" {
  role       = aws_iam_role.provisioning.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AWSIoTThingsRegistration"
}

locals {
  iot    = "arn:${local.partition}:iot:${var.region}:${local.account}"
  device = "$${iot:Certificate.Subject.CommonName}"
}

# One policy for all devices: each may connect under its own name, publish what is its own, and hear its own commands.
resource "aws_iot_policy" "devices" {
  name = var.devices.policy
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Action    = ["iot:Connect"]
        Resource  = ["${local.iot}:client/${var.devices.prefix}${local.device}"]
        Condition = { Bool = { "iot:Connection.Thing.IsAttached" = "true" } }
      },
      {
        Effect   = "Allow"
        Action   = ["iot:Publish"]
        Resource = [for topic in var.devices.topics : "${local.iot}:topic/${replace(topic, "{device}", local.device)}"]
      },
      {
        Effect   = "Allow"
        Action   = ["iot:Subscribe"]
        Resource = ["${local.iot}:topicfilter/dt/${var.devices.twin}/${local.device}/commands"]
      },
      {
        Effect   = "Allow"
        Action   = ["iot:Receive"]
        Resource = ["${local.iot}:topic/dt/${var.devices.twin}/${local.device}/commands"]
      },
    ]
  })
  tags = merge(var.tags, { component = "gateway" })
}
