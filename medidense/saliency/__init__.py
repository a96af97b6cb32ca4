"""Where did the network look? Evidence maps on the source grid, and pictures of them."""

from medidense.saliency.explaining import explain
from medidense.saliency.grad_cam import grad_cam
from medidense.saliency.pictures import overlay_png

__all__ = ["explain", "grad_cam", "overlay_png"]
