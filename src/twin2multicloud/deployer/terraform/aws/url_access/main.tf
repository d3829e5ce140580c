# The second permission that calling a function by its URL takes since October 2025: lambda:InvokeFunction for anybody,
# on condition that the call came through the URL. Without the condition every AWS account could invoke the function
# with an event of its making.
# https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
#
# hashicorp/aws can say the condition from 6.29 on (`invoked_via_function_url`); these modules take 5.100 as well, so
# CloudFormation says it.

resource "aws_cloudformation_stack" "this" {
  #checkov:skip=CKV_AWS_124: nobody waits for events of a stack that holds permissions
  count = length(var.functions) > 0 ? 1 : 0

  name = var.name
  template_body = jsonencode({
    AWSTemplateFormatVersion = "2010-09-09"
    Description              = "Twin2MultiCloud: anybody may call these functions by their URLs"
    Resources = {
      for component, arn in var.functions : replace(title(replace(component, "-", " ")), " ", "") => {
        Type = "AWS::Lambda::Permission"
        Properties = {
          FunctionName          = arn
          Action                = "lambda:InvokeFunction"
          Principal             = "*"
          InvokedViaFunctionUrl = true
        }
      }
    }
  })
  tags = var.tags
}
