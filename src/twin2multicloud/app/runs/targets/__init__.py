"""Where runs do what they do: in the sandbox, in the clouds, in clouds that stand-in providers pretend."""
