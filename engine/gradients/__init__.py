"""The ways of getting gradients: by formulas, by autograd, by differences."""
