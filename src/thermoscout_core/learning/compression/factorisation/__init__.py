"""Factorisation (seed 003, §2): a convolution as a stack of thinner ones, plain layers all."""
