# L4 as our own twin graph: a table, the reader that answers questions about twins and, where processing lies elsewhere,
# the receiver of updates. Models, entities and relationships are loaded through the runtime's graph after this.

resource "aws_dynamodb_table" "graph" {
  #checkov:skip=CKV_AWS_28: a twin's values are those of its devices' latest messages; its definition is loaded again
  #checkov:skip=CKV_AWS_119: encrypted with DynamoDB's own key; a customer's key is billed monthly, the bill has none
  name         = var.table
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "k"
  range_key    = "s"
  tags         = merge(var.tags, { component = "graph" })

  attribute {
    name = "k"
    type = "S"
  }

  attribute {
    name = "s"
    type = "S"
  }
}
