"""What agents answer with. So far: the rules a service guide (办事指南) must keep."""
