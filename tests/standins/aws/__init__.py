"""AWS on this machine: ministack, and a fake of IoT TwinMaker's REST interface. Limits: docs/adapters-aws.md."""
