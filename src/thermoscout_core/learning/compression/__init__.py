"""Compression of a trained SSD: a recipe of steps, each measured, and the losers refused.

One file a method; ``pipeline`` runs a recipe, ``gates`` are what each step must pass.
"""
