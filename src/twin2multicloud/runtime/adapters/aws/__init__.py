"""The ports on AWS: DynamoDB, S3, SQS, SNS, Kinesis, IoT Core, Secrets Manager and IoT TwinMaker, through boto3."""
