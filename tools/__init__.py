"""What builds, checks and runs the plugin. Nothing here is shipped."""
