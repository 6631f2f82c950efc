"""The SIP edge. sippy binds its loop to the thread that imports it: from outside import only thread and sanity."""
