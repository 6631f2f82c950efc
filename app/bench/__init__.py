"""What ``hotline bench`` measures with: a generator of many tickets, and the measurements themselves."""
