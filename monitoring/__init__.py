"""What has changed since the champion was trained: drift of applications, features and risk."""
