"""An invented school for showing and measuring: everything made up, the same for the same seed and day.

Each area of the program has a module here with one function that adds what its records would be after two school
years: `staff`, `children`, `worries`; `trail` then tells who looked at what. An area that arrives later adds its
module and a line in `filling.AREAS`.
"""
