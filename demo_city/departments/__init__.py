"""What each department holds of the city: one module a department, one function a resource.

A function says which columns its system has and what each tells of whom; dirt is added later by ``dirt``.
"""
