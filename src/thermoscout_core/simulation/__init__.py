"""A substation in infrared, with ground truth: drawn, rendered radiometrically, and patrolled."""
