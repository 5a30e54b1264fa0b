"""The lines of the table for samplers, schedules and guiders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.interop.rules import From, Out, Part, Rule, Same, Via, Word
from app.interop.sampler_parts import guidance, sampler, sampling, schedule, section, whole_or_section
from app.interop.ways import Also, Always, Follows, NoiseOf, SamplersSeed, Share

MODEL = (Out("MODEL", "MODEL", "model"),)
GUIDED = {"model": "MODEL", "positive": "CONDITIONING", "negative": "CONDITIONING"}
LATENT = (Out("LATENT", "LATENT", "latent"),)
SAMPLED = (Out("output", "LATENT", "latent"), Out("denoised_output", "LATENT", "denoised"))
SIGMAS = (Out("SIGMAS", "SIGMAS", "sigmas"),)
SAMPLER = (Out("SAMPLER", "SAMPLER", "sampler"),)
SPLIT = (Out("high_sigmas", "SIGMAS", "high"), Out("low_sigmas", "SIGMAS", "low"))
ON = {"enable": True, "disable": False}
ONE = {"sigmas": "SIGMAS"}
SPACINGS = {"linear": "even", "cosine": "late", "sine": "early"}
OTHER_BETA = "alpha and beta are not 0.6; the node Beta has them, over the levels of a flow without shift"
BEYOND = "end_at_sigma is above 1, where a flow model's noise begins, so that no step would be cut"

DEVICES = {"gpu": "ComfyUI, GPU", "cpu": "ComfyUI"}


def own_sampler(class_type: str, node: str, widgets: dict[str, Any], inputs: dict[str, From]) -> Rule:
    """Return the line of a node that is one sampler with its settings."""
    noise: From = Word("noise_device", DEVICES) if "noise_device" in widgets else Always("ComfyUI")
    ways: dict[str, From] = {"eta": Same("eta"), "noise": noise, "seed": SamplersSeed(), **inputs}
    return Rule(class_type, (Part(node, ways),), {}, widgets, SAMPLER, unusual_noise)


def unusual_noise(values: Mapping[str, Any]) -> str | None:
    """Say which setting of a noisy sampler has no counterpart here."""
    if values["s_noise"] != 1:
        return "s_noise is not 1, and ours add as much noise as the theory says, times eta"
    return "r is not 0.5, and ours looks half-way ahead" if values.get("r", 0.5) != 0.5 else None


OWN_SAMPLER_RULES = (
    own_sampler("SamplerEulerAncestral", "euler_ancestral", {"eta": 1.0, "s_noise": 1.0}, {}),
    own_sampler("SamplerDPMPP_2S_Ancestral", "dpmpp_2s_ancestral", {"eta": 1.0, "s_noise": 1.0}, {}),
    own_sampler(
        "SamplerDPMPP_SDE", "dpmpp_sde", {"eta": 1.0, "s_noise": 1.0, "r": 0.5, "noise_device": "gpu"}, {}
    ),
    own_sampler(
        "SamplerDPMPP_2M_SDE",
        "dpmpp_2m_sde",
        {"solver_type": "midpoint", "eta": 1.0, "s_noise": 1.0, "noise_device": "gpu"},
        {"solver": Same("solver_type")},
    ),
    own_sampler(
        "SamplerDPMPP_3M_SDE", "dpmpp_3m_sde", {"eta": 1.0, "s_noise": 1.0, "noise_device": "gpu"}, {}
    ),
    Rule("SamplerLMS", (Part("lms", {"order": Same("order")}),), {}, {"order": 4}, SAMPLER),
)
SAMPLER_RULES = (
    *OWN_SAMPLER_RULES,
    Rule(
        "KSampler",
        (
            sampling(Same("model"), Same("seed")),
            schedule(Follows("model"), "schedule"),
            guidance("guidance"),
            sampler("sampler", Also("seed")),
        ),
        {**GUIDED, "latent_image": "LATENT"},
        {"seed": 0, "steps": 20, "cfg": 8.0, "sampler_name": "euler", "scheduler": "simple", "denoise": 1.0},
        LATENT,
    ),
    Rule(
        "KSamplerAdvanced",
        (
            section(
                Same("noise_seed"),
                Word("add_noise", ON),
                start_step=Same("start_at_step"),
                end_step=Same("end_at_step"),
                leftover_noise=Word("return_with_leftover_noise", ON),
            ),
            schedule(Follows("model"), "schedule", Always(1.0)),
            guidance("guidance"),
            sampler("sampler", Also("noise_seed")),
        ),
        {**GUIDED, "latent_image": "LATENT"},
        {
            "add_noise": "enable",
            "noise_seed": 0,
            "steps": 20,
            "cfg": 8.0,
            "sampler_name": "euler",
            "scheduler": "simple",
            "start_at_step": 0,
            "end_at_step": 10000,
            "return_with_leftover_noise": "disable",
        },
        LATENT,
    ),
    Rule(
        "SamplerCustomAdvanced",
        (
            whole_or_section(
                NoiseOf("noise", seed=True),
                NoiseOf("noise", seed=False),
                model=Via("guider", "model"),
                guider=Same("guider"),
                sampler=Same("sampler"),
                sigmas=Same("sigmas"),
            ),
        ),
        {
            "noise": "NOISE",
            "guider": "GUIDER",
            "sampler": "SAMPLER",
            "sigmas": "SIGMAS",
            "latent_image": "LATENT",
        },
        {},
        SAMPLED,
    ),
    Rule(
        "SamplerCustom",
        (
            whole_or_section(
                Same("noise_seed"),
                Same("add_noise"),
                model=Same("model"),
                sampler=Same("sampler"),
                sigmas=Same("sigmas"),
            ),
            guidance("guidance"),
        ),
        {**GUIDED, "sampler": "SAMPLER", "sigmas": "SIGMAS", "latent_image": "LATENT"},
        {"add_noise": True, "noise_seed": 0, "cfg": 8.0},
        SAMPLED,
    ),
    Rule(
        "KSamplerSelect",
        (sampler(),),
        {},
        {"sampler_name": "euler"},
        SAMPLER,
    ),
    Rule(
        "BasicScheduler",
        (schedule(Same("model")),),
        {"model": "MODEL"},
        {"scheduler": "simple", "steps": 20, "denoise": 1.0},
        SIGMAS,
    ),
    Rule("CFGGuider", (guidance(),), GUIDED, {"cfg": 8.0}, (Out("GUIDER", "GUIDER", "guider"),)),
    Rule(
        "BasicGuider",
        (Part("no_guidance", {"positive": Same("conditioning")}),),
        {"model": "MODEL", "conditioning": "CONDITIONING"},
        {},
        (Out("GUIDER", "GUIDER", "guider"),),
    ),
    Rule(
        "PerpNegGuider",
        (
            Part(
                "perpendicular_negative",
                {
                    "positive": Same("positive"),
                    "negative": Same("negative"),
                    "empty": Same("empty_conditioning"),
                    "guidance_scale": Same("cfg"),
                    "strength": Same("neg_scale"),
                },
            ),
        ),
        {**GUIDED, "empty_conditioning": "CONDITIONING"},
        {"cfg": 8.0, "neg_scale": 1.0},
        (Out("GUIDER", "GUIDER", "guider"),),
    ),
    Rule(
        "ManualSigmas",
        (Part("manual_sigmas", {"sigmas": Same("sigmas")}),),
        {},
        {"sigmas": ""},
        SIGMAS,
    ),
    Rule(
        "Flux2Scheduler",
        (Part("flux2_schedule", {name: Same(name) for name in ("steps", "width", "height")}),),
        {},
        {"steps": 20, "width": 1024, "height": 1024},
        SIGMAS,
    ),
    Rule(
        "SplitSigmas",
        (Part("split_sigmas", {"sigmas": Same("sigmas"), "step": Same("step")}),),
        ONE,
        {"step": 0},
        SPLIT,
    ),
    Rule(
        "SplitSigmasDenoise",
        (Part("split_sigmas_by_strength", {"sigmas": Same("sigmas"), "strength": Same("denoise")}),),
        ONE,
        {"denoise": 1.0},
        SPLIT,
    ),
    Rule(
        "SetFirstSigma",
        (Part("set_first_sigma", {"sigmas": Same("sigmas"), "sigma": Same("sigma")}),),
        ONE,
        {"sigma": 1.0},
        SIGMAS,
    ),
    Rule(
        "BetaSamplingScheduler",
        (
            Part(
                "basic_schedule",
                {"model": Same("model"), "steps": Same("steps"), "scheduler": Always("beta")},
            ),
        ),
        {"model": "MODEL"},
        {"steps": 20, "alpha": 0.6, "beta": 0.6},
        SIGMAS,
        lambda values: None if values["alpha"] == values["beta"] == 0.6 else OTHER_BETA,
    ),
    Rule("FlipSigmas", (Part("flip_sigmas", {"sigmas": Same("sigmas")}),), ONE, {}, SIGMAS),
    Rule(
        "ExtendIntermediateSigmas",
        (
            Part(
                "extend_sigmas",
                {
                    "sigmas": Same("sigmas"),
                    "parts": Same("steps"),
                    "start": Share("start_at_sigma"),
                    "end": Share("end_at_sigma"),
                    "spacing": Word("spacing", SPACINGS),
                },
            ),
        ),
        ONE,
        {"steps": 2, "start_at_sigma": -1.0, "end_at_sigma": 12.0, "spacing": "linear"},
        SIGMAS,
        lambda values: BEYOND if (values["end_at_sigma"] or 0) > 1 else None,
    ),
    Rule(
        "SamplingPercentToSigma",
        (
            Part(
                "noise_level_at",
                {
                    "model": Same("model"),
                    "share": Same("sampling_percent"),
                    "lowest": Same("return_actual_sigma"),
                },
            ),
        ),
        {"model": "MODEL"},
        {"sampling_percent": 0.0, "return_actual_sigma": False},
        (Out("sigma_value", "FLOAT", "float"),),
    ),
    *(
        Rule(
            class_type,
            (Part("shift_model", {"model": Same("model"), "shift": Same("shift")}),),
            {"model": "MODEL"},
            {"shift": shift},
            MODEL,
        )
        for class_type, shift in (("ModelSamplingSD3", 3.0), ("ModelSamplingAuraFlow", 1.73))
    ),
    Rule(
        "ModelSamplingFlux",
        (
            Part(
                "shift_model_by_size",
                {name: Same(name) for name in ("model", "max_shift", "base_shift", "width", "height")},
            ),
        ),
        {"model": "MODEL"},
        {"max_shift": 1.15, "base_shift": 0.5, "width": 1024, "height": 1024},
        MODEL,
    ),
)
