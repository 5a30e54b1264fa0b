"""Videos from given frames, and clips as latents, on tiny random autoencoders of the real classes."""
from functools import cache

import pytest
import torch
from torch import nn

from app.engine.families import FAMILIES
from app.engine.media import Image, Video
from app.engine.vae import Vae
from app.graph.problem import Refusal
from nodes.video.encode_video import encode_video
