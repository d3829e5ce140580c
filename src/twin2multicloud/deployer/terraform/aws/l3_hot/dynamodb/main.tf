# L3 hot on DynamoDB: a table of records by device and time, the mover that takes what has turned cool to the next tier,
# and the reader that answers questions about history.
#
# Records leave by the mover, which deletes what it has verified; by their time to live only where no tier comes after.

resource "aws_dynamodb_table" "hot" {
  #checkov:skip=CKV2_AWS_16: capacity is what was priced: planned for the peak, or on demand
  #checkov:skip=CKV_AWS_28: point-in-time recovery is billed like a second copy; records move on to the cool tier anyway
  #checkov:skip=CKV_AWS_119: encrypted with DynamoDB's own key; a customer's key is billed monthly, the bill has none
  name           = var.name
  billing_mode   = var.capacity == null ? "PAY_PER_REQUEST" : "PROVISIONED"
  read_capacity  = try(var.capacity.read_units, null)
  write_capacity = try(var.capacity.write_units, null)
  hash_key       = "device"
  range_key      = "t"
  tags           = merge(var.tags, { component = "hot" })

  attribute {
    name = "device"
    type = "S"
  }

  attribute {
    name = "t"
    type = "S"
  }

  ttl {
    attribute_name = "expires"
    enabled        = true
  }
}
