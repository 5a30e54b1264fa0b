"""The lines of the table for samplers, schedules and guiders."""

from __future__ import annotations

from app.interop.rules import Out, Part, Rule, Same, Via
from app.interop.sampler_parts import (
    from_beginning_to_end,
    guidance,
    sampler,
    sampling,
    schedule,
    with_noise,
)
from app.interop.ways import Late, Strength

GUIDED = {"model": "MODEL", "positive": "CONDITIONING", "negative": "CONDITIONING"}
LATENT = (Out("LATENT", "LATENT", "latent"),)
SAMPLED = (Out("output", "LATENT", "latent"), Out("denoised_output", "LATENT", None))

SAMPLER_RULES = (
    Rule(
        "KSampler",
        (
            sampling(Same("model"), Same("seed")),
            schedule(Same("steps"), Strength(), "schedule"),
            guidance("guidance"),
            sampler("sampler", "seed"),
        ),
        {**GUIDED, "latent_image": "LATENT"},
        {"seed": 0, "steps": 20, "cfg": 8.0, "sampler_name": "euler", "scheduler": "simple", "denoise": 1.0},
        LATENT,
    ),
    Rule(
        "KSamplerAdvanced",
        (
            sampling(Same("model"), Same("noise_seed")),
            schedule(Late(rest=True), Late(rest=False), "schedule"),
            guidance("guidance"),
            sampler("sampler", "noise_seed"),
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
        from_beginning_to_end,
    ),
    Rule(
        "SamplerCustomAdvanced",
        (
            sampling(
                Via("guider", "model"),
                Via("noise", "noise_seed"),
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
            sampling(Same("model"), Same("noise_seed"), sampler=Same("sampler"), sigmas=Same("sigmas")),
            guidance("guidance"),
        ),
        {**GUIDED, "sampler": "SAMPLER", "sigmas": "SIGMAS", "latent_image": "LATENT"},
        {"add_noise": True, "noise_seed": 0, "cfg": 8.0},
        SAMPLED,
        with_noise,
    ),
    Rule(
        "KSamplerSelect",
        (sampler(),),
        {},
        {"sampler_name": "euler"},
        (Out("SAMPLER", "SAMPLER", "sampler"),),
    ),
    Rule(
        "BasicScheduler",
        (schedule(Same("steps"), Strength()),),
        {"model": "MODEL"},
        {"scheduler": "simple", "steps": 20, "denoise": 1.0},
        (Out("SIGMAS", "SIGMAS", "sigmas"),),
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
        (Out("SIGMAS", "SIGMAS", "sigmas"),),
    ),
)
