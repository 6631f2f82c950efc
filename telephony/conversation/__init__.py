"""What is said on a call: pure state machines that the front door runs and journals."""
