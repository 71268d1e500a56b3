"""What predicts, in words: the families of models that a campaign file may name."""

from __future__ import annotations

from planner.campaign.objectives import HitClass
from planner.campaign.spec import CampaignSpec

_WORDS = {
    "auto": "an average of the quick model families that predict best",
    "full_auto": "an average of the model families, quick or slow, that predict best",
    "gp": "a Gaussian process",
    "averaged_gp": "a Gaussian process averaged over its hyperparameters",
    "bayesian_gp": "a Gaussian process whose hyperparameters are sampled",
    "isotropic_gp": "a Gaussian process with one lengthscale for all parameters",
    "large_gp": "a Gaussian process of the nearest results",
    "mixed_gp": "a Gaussian process of numbers and choices",
    "robust_gp": "a Gaussian process in which outliers count little",
    "saas_gp": "a sampled Gaussian process in which few parameters matter",
    "transformed_gp": "a Gaussian process of a curve of the outcome",
    "varying_noise_gp": "a Gaussian process whose noise varies over the space",
    "warped_gp": "a Gaussian process of curves of the parameters",
    "bnn": "a Bayesian neural network",
    "variational_bnn": "a variational Bayesian neural network",
    "deep_ensemble": "an ensemble of neural networks",
    "forest": "a forest of trees",
}


def predictor(spec: CampaignSpec) -> str:
    """Returns what predicts outcomes; a class has a model of its own."""
    if isinstance(spec.stated_objective, HitClass):
        return "a Gaussian process of the classes"
    return _WORDS[spec.model.family]
