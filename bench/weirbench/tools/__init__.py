"""Programs that people load their services with, each with the server that it is made for."""
