"""What the platform accepts and answers: the only shapes the outside world may rely on."""
