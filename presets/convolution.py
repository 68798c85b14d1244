"""A small convolutional network for pictures of 8 by 8: the example of a network of one's own."""

from torch import Tensor, nn


class Convolution(nn.Module):
    """Two convolutions find strokes, pooling halves the picture, a linear layer decides.

    Args:
        channels: How many kinds of stroke the first convolution looks for.
    """

    def __init__(self, channels: int = 8) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, channels, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(channels, 2 * channels, kernel_size=3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.output = nn.Linear(2 * channels * 2 * 2, 10)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the logits [rows, 10] of pictures [rows, 1, 8, 8]."""
        strokes = self.pool(self.conv1(pictures).relu())
        shapes = self.pool(self.conv2(strokes).relu())
        return self.output(shapes.flatten(1))
