"""Pieces of the table that the sampler nodes share: schedules, shifts, guidance, and what they cannot do."""

from __future__ import annotations

from dataclasses import replace

from app.interop.control_rules import Steered
from app.interop.flat import NATIVE, FlatNode, Wire
from app.interop.reach import Reach
from app.interop.rules import ByWord, From, Named, Of, Part, Same, Via
from app.interop.ways import Always, Among, OnModel, SamplersSeed

SAMPLERS = {
    "euler": "euler",
    "euler_ancestral": "euler_ancestral",
    "heun": "heun",
    "dpm_2": "dpm_2",
    "dpm_2_ancestral": "dpm_2_ancestral",
    "lms": "lms",
    "dpmpp_2s_ancestral": "dpmpp_2s_ancestral",
    "dpmpp_sde": "dpmpp_sde",
    "dpmpp_sde_gpu": "dpmpp_sde",
    "dpmpp_2m": "dpmpp_2m",
    "dpmpp_2m_sde": "dpmpp_2m_sde",
    "dpmpp_2m_sde_gpu": "dpmpp_2m_sde",
    "dpmpp_2m_sde_heun": "dpmpp_2m_sde",
    "dpmpp_2m_sde_heun_gpu": "dpmpp_2m_sde",
    "dpmpp_3m_sde": "dpmpp_3m_sde",
    "dpmpp_3m_sde_gpu": "dpmpp_3m_sde",
    "lcm": "lcm",
    "res_multistep": "res_multistep",
    "gradient_estimation": "gradient_estimation",
    "er_sde": "er_sde",
    "sa_solver": "sa_solver",
    "ddim": "ddim",
    "uni_pc": "uni_pc",
    "uni_pc_bh2": "uni_pc",
}
CFG_PP = "CFG++ walks by the negative's answer; use the plain sampler with CFG-Zero* or APG"
OTHER_PATH = "it is for models other than flows; euler_ancestral is nearest"
MISSING_SAMPLERS = {
    "euler_cfg_pp": CFG_PP,
    "euler_ancestral_cfg_pp": CFG_PP,
    "dpmpp_2s_ancestral_cfg_pp": CFG_PP,
    "dpmpp_2m_cfg_pp": CFG_PP,
    "res_multistep_cfg_pp": CFG_PP,
    "res_multistep_ancestral_cfg_pp": CFG_PP,
    "gradient_estimation_cfg_pp": CFG_PP,
    "dpm_fast": "it chooses noise levels of its own; dpm_2 is nearest",
    "dpm_adaptive": "it chooses noise levels of its own; dpm_2 is nearest",
    "ddpm": OTHER_PATH,
    "res_multistep_ancestral": OTHER_PATH,
    "heunpp2": "heun is nearest",
    "ipndm": "lms is the same method for uneven steps",
    "ipndm_v": "lms is nearest",
    "deis": "lms is nearest",
    "seeds_2": "dpmpp_sde is nearest",
    "seeds_3": "dpmpp_sde is nearest",
    "exp_heun_2_x0": "res_multistep is nearest",
    "exp_heun_2_x0_sde": "dpmpp_2m_sde is nearest",
    "sa_solver_pece": "sa_solver is the same without a second look",
    "ar_video": "it is for models that make a video block by block",
}
NOISY = ("euler_ancestral", "dpm_2_ancestral", "dpmpp_2s_ancestral", "lcm", "er_sde", "sa_solver")
SDE = ("dpmpp_sde", "dpmpp_2m_sde", "dpmpp_3m_sde")
SCHEDULERS = (
    *("simple", "sgm_uniform", "karras", "exponential", "ddim_uniform", "beta", "normal"),
    *("linear_quadratic", "kl_optimal"),
)
SKIPPING = frozenset({"dpm_2", "dpm_2_ancestral", "uni_pc", "uni_pc_bh2"})  # leave out the last level but one
MODEL_OF: dict[str, From] = {
    "KSampler": Same("model"),
    "KSamplerAdvanced": Same("model"),
    "SamplerCustom": Same("model"),
    "SamplerCustomAdvanced": Via("guider", "model"),
    f"{NATIVE}sample": Same("model"),
}


NORM = OnModel("CFGNorm", "strength")


def guidance(suffix: str = "") -> Part:
    """Return the guider of a node with positive, negative and cfg; at cfg 1 ComfyUI asks no negative."""
    pair: dict[str, From] = {"positive": Same("positive"), "negative": Same("negative")}
    scaled = {**pair, "guidance_scale": Same("cfg")}
    alone = Part("no_guidance", {"positive": Same("positive")}, suffix)
    normed = Part("cfg_norm", {**scaled, "strength": NORM}, suffix, alone, {"cfg": 1})
    return Part("cfg", scaled, suffix, normed, special_guidance)


def special_guidance(node: FlatNode, reach: Reach) -> bool:
    """Whether no negative is asked, or a node on the model's wire changes how answers are joined."""
    return reach.value(node, "cfg") == 1 or NORM.find(node, reach) is not None


def schedule(model: From, suffix: str = "", strength: From | None = None) -> Part:
    """Return the schedule of a node with model, scheduler, steps and denoise.

    Schedules of ours that do not ask the model are written as ComfyUI's, with the shift on the model's wire.
    """
    inputs: dict[str, From] = {
        "model": model,
        "scheduler": Same("scheduler"),
        "steps": Same("steps"),
        "strength": strength or Same("denoise"),
    }
    if suffix:
        inputs["skip_penultimate"] = Among("sampler_name", SKIPPING)
    own: dict[str, From] = {"steps": Same("steps"), "strength": Same("denoise")}
    written = {
        "flow_schedule": "simple",
        **{word: word for word in ("karras", "exponential", "linear_quadratic")},
    }
    ways = dict.fromkeys(written, own) | {
        "flow_schedule": {**own, "shift": OnModel("ModelSamplingSD3", "shift")}
    }
    known = dict.fromkeys(SCHEDULERS, "basic_schedule")
    return Part(Named("scheduler", known, {}, ways, written), inputs, suffix)


def sampler(suffix: str = "", seed: From | None = None) -> Part:
    """Return the sampler of a node with sampler_name; those that add noise get ComfyUI's and the seed."""
    inputs: dict[str, dict[str, From]] = {type: {"noise": Always("ComfyUI")} for type in NOISY}
    inputs |= {type: {"noise": ByWord("sampler_name", devices(type))} for type in SDE}
    inputs["dpmpp_2m_sde"]["solver"] = ByWord("sampler_name", solvers())
    for type in (*NOISY, *SDE):
        inputs[type]["seed"] = seed or SamplersSeed()
    inputs["lms"] = {"order": Always(4)}
    inputs |= {type: {"clock": Always("noise level")} for type in ("dpmpp_2m", "res_multistep")}
    variants = ByWord("sampler_name", {"uni_pc": "bh1", "uni_pc_bh2": "bh2"})
    inputs["uni_pc"] = {"order": Always(3), "clock": Always("noise level"), "variant": variants}
    inputs["ddim"] = {"eta": Always(0.0)}
    return Part(Named("sampler_name", SAMPLERS, {}, inputs, missing=MISSING_SAMPLERS), {}, suffix)


def devices(type: str) -> dict[str, str]:
    """Return the noise that each word for a node of ours stands for."""
    words = (word for word, ours in SAMPLERS.items() if ours == type)
    return {word: "ComfyUI, GPU" if word.endswith("_gpu") else "ComfyUI" for word in words}


def solvers() -> dict[str, str]:
    words = (word for word, ours in SAMPLERS.items() if ours == "dpmpp_2m_sde")
    return {word: "heun" if "_heun" in word else "midpoint" for word in words}


def sampling(model: From, seed: From, **others: From) -> Part:
    """Return the main part of a sampler node; what is not named comes from the parts beside it."""
    inputs: dict[str, From] = {
        "model": Steered(model, "guider" if isinstance(model, Via) else ""),
        "guider": Of("guidance", "guider"),
        "sampler": Of("sampler", "sampler"),
        "sigmas": Of("schedule", "sigmas"),
        "latent": Same("latent_image"),
        "seed": seed,
    }
    return Part("sample", {**inputs, **others})


def section(seed: From, add_noise: From, **others: From) -> Part:
    """Return the main part of a sampler node that may do some of the steps, and may add no noise."""
    model = others.pop("model", Same("model"))
    return Part("sample_section", {**sampling(model, seed, **others).inputs, "add_noise": add_noise})


def whole_or_section(seed: From, add_noise: From, model: From, **others: From) -> Part:
    """Return the main part of a sampler node that is a plain one unless something asks for more."""
    more = section(seed, add_noise, model=model, **others)
    return replace(sampling(model, seed, **others), instead=more, when=without_noise)


def denoised_is_used(node: FlatNode, reach: Reach) -> bool:
    """Whether somebody looks at the second output of a sampler."""
    users = (reach.flat.nodes[id] for id in reach.users[node.id])
    return any(wire == Wire(node.id, 1) for user in users for _, wire in user.wires())


def without_noise(node: FlatNode, reach: Reach) -> bool:
    """Whether a sampler node starts from what it gets, or its second output is used."""
    above = reach.above(node, "noise")
    silent = above.class_type == "DisableNoise" if above else reach.value(node, "add_noise") is False
    return silent or denoised_is_used(node, reach)
