"""The words that stand on the screen as headings, each explained in a sentence.

The help shows those of the pane that has the keys first, and finds any of them. A column, a
figure or a verdict that a picture gains needs its row here; a test compares.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..places.registry import PANES


@dataclass(frozen=True, kw_only=True)
class Word:
    """A word, or several that mean the same, and what it says."""

    names: tuple[str, ...]
    """As they stand on the screen; the first one is shown."""
    about: str
    """A sentence."""
    panes: tuple[str, ...]
    """Where it stands; ``status`` is the lines under the panes."""


def _words(panes: str, *rows: tuple[str, str]) -> tuple[Word, ...]:
    """Return words of panes: their names, parted by commas, and a sentence each."""
    return tuple(
        Word(names=tuple(names.split(", ")), about=about, panes=tuple(panes.split()))
        for names, about in rows
    )


# One or two lines a row, as a table is read.
# fmt: off
WORDS: Final = (
    *(word for pane in PANES for word in _words(pane.name, *pane.words)),
    *_words("gradients race",
        ("layer", "A layer of the network, the one nearest the input on top."),
        ("grad W, grad",
         "The norm of the gradient of a layer's weights: the root of the sum of its squares, "
         "before any clipping."),
        ("verdict",
         "What the rules of the diagnosis say of this layer alone: fine, or what is wrong."),
        ("fine", "A verdict: no rule of the diagnosis has found anything in this layer."),
        ("vanishing", "A verdict: the gradient is under a thousandth of the last layer's."),
        ("exploding", "A verdict: the gradient is more than 25 times the last layer's."),
        ("dead", "Units that answer 0 to every row and get no gradient: as a column, their share."),
        ("dying", "A verdict: most units of the layer are dead, not all."),
        ("saturated, sat.",
         "Units whose activation is nearly flat wherever the rows put them, with a slope below "
         "5 % of the greatest: as a column, their share."),
        ("stuck", "A verdict: all units of the layer are copies of one another and stay so."),
        ("still", "A verdict: the layer's recent gradients were exactly 0."),
        ("not finite", "A verdict: a number of this layer is NaN or infinite.")),
    *_words("gradients",
        ("in→out", "How many numbers go into a layer and how many come out."),
        ("grad b", "The norm of the gradient of a layer's biases."),
        ("norm W, norm", "The norm of the weights themselves, as the probe found them."),
        ("update",
         "The norm of the last update as a part of the weights' own norm: 1e-3 is usual, 1 "
         "would be weights as large as their change."),
        ("probe",
         "What is measured now and then, not at every step, for it costs time: norms of "
         "weights, updates, dead and saturated units."),
        ("over time, time", "The norm of the gradient from the first step to this one."),
        ("whole norm", "The norm of all gradients together: what clipping looks at."),
        ("medians", "Of a population: half of the members have less, half have more."),
        ("zero", "A gradient of exactly 0: nothing reaches these weights.")),
    *_words("race",
        ("ratio", "A run's figure over the first run's: ×10 is ten times as much."),
        ("equal", "The same number in both runs, to the last bit.")),
    *_words("curves",
        ("loss", "What training makes smaller: how far the network's answers are from the data."),
        ("accuracy", "The share of rows whose class is named rightly."),
        ("learning rate, lr", "What a gradient is multiplied by before it changes the weights."),
        ("gradient norm, grad_norm", "The norm of all gradients together, before clipping."),
        ("train", "The part of the data that the network learns from."),
        ("dev", "The part that is measured while training, and never learned from."),
        ("log axis", "Each mark on the axis is ten times the one below, so small losses show."),
        ("smooth", "The mean over neighbouring steps; the pale band has every single one."),
        ("mark, marks", "A step with a title, where a replay can pause."),
        ("seam", "Where a run was gone on with that had been broken off or stopped."),
        ("branch", "Where a run parts from the one that it was forked from."),
        ("mean, band", "Of a population: its mean, and the range from 5 to 95 % of its members.")),
    *_words("network",
        ("decision region", "Which class the network would name at each point of the plane."),
        ("fitted function", "The network's answer over its input, with the points it has seen."),
        ("pictures", "Some pictures of the data, each with what the network says it shows."),
        ("predictions", "Rows of the data, what the network says of them, and what is true."),
        ("prediction", "What the network says of this row."),
        ("sure", "The probability that the network gives its own answer."),
        ("target", "What is true of this row."),
        ("error", "The prediction less the target; of classes, whether it is wrong."),
        ("rms error, root mean square error", "The usual size of an error, in the data's units."),
        ("confusion matrix",
         "A row for each true class, a column for each class that was said; what is right "
         "stands on the diagonal."),
        ("right", "The share of a class's rows that were recognised."),
        ("evaluation", "What the network is worth on rows with known answers, once all is over."),
        ("constant", "The same figure of the best answer that is the same for every row."),
        ("prec., precision", "Of the rows that are said to be of a class, the share that is."),
        ("recall", "Of the rows that are of a class, the share that is said to be."),
        ("F1", "The harmonic mean of precision and recall."),
        ("ROC", "How often a row of the class gets a greater number than one that is not of it."),
        ("PR", "The area under precision over recall, the mean precision of all thresholds."),
        ("calibration", "Whether of what is said with 80 % about 80 % are right."),
        ("worse by", "How much is lost where a column's cells are handed around among the rows."),
        ("ten tests", "New rows that no step saw, each with its prediction, target and error."),
        ("activations",
         "Each layer's activation and its slope as curves, over a histogram of what goes in."),
        ("z", "What goes into an activation: the sum of a unit's weighted inputs and its bias."),
        ("slope", "How much the output changes with z; what it is 0 for gets no gradient."),
        ("flat", "Where the slope is under a twentieth of its greatest."),
        ("dead, saturated", "A unit whose slope is 0, or nearly 0, wherever the data puts it."),
        ("minimum", "The least an activation says; left of it the slope is negative."),
        ("histogram of weights", "How many weights there are of each size."),
        ("drawn from", "The distribution that the weights came from before step 1."),
        ("weights", "The numbers that a layer multiplies by and adds."),
        ("distribution of results", "How the results of a population's members lie."),
        ("std", "The standard deviation: how far members are from their mean, usually."),
        ("least, greatest, median", "The smallest, the largest and the middle one.")),
    *_words("diagnosis",
        ("finding", "One thing that is wrong, with the numbers that show it."),
        ("remedy", "A change that cures it; one key trains it beside the run.")),
    *_words("runs",
        ("state", "Whether a run is going on, and how it ended."),
        ("name", "The name a run was given, else its preset's."),
        ("result", "Accuracy or loss on rows held back, else the training loss."),
        ("acc", "An accuracy: the share of rows whose class is named rightly."),
        ("steps", "Updates that were made, of those there were to be."),
        ("time", "How long it trained."),
        ("age", "How long ago it was started."),
        ("tag, tags", "Words that a person gave a run; the filter tag=good finds them."),
        ("pin", "A run that is kept above the others."),
        ("what differs", "The settings that are not the same in all runs of the list."),
        ("newest first, best first, by name, longest first",
         "The order of the list; ^o changes it.")),
    *_words("microscope",
        ("forward", "What each layer makes of its input, up to the loss."),
        ("back", "What the loss's slope is at each number, from the loss back to the input."),
        ("data", "The rows that this update saw."),
        ("autograd", "The same number as PyTorch finds it, and how far the two are apart."),
        ("unit", "One number that a layer computes.")),
    *_words("setup",
        ("preset", "A file with everything an experiment needs; change what you like."),
        ("+3", "How many settings of a group are folded away; right shows them."),
        ("parameters", "How many numbers the network learns."),
        ("seed", "What all random numbers follow from: the same seed, the same run.")),
    *_words("log", ("entries", "What has happened, the newest at the bottom.")),
    *_words("status",
        ("ready", "Nothing is shown yet; space trains the setup."),
        ("lecture", "A lecture shows a text; no run is shown beside it."),
        ("starting", "A worker gets ready to train the run."),
        ("running", "The run is being trained."),
        ("paused", "The run waits; space lets it go on."),
        ("silent", "The worker has written nothing for a while; it may be busy, or gone."),
        ("crashed", "The worker is gone without an end in the recording."),
        ("finished", "The run came to its end."),
        ("stopped", "Somebody ended the run before its last step."),
        ("diverged", "The loss became infinite or NaN, so training ended."),
        ("failed", "The run could not be trained; the reason stands beside it."),
        ("showing, shown, trained", "A quick run, shown at a pace that one can watch."),
        ("held", "What is shown stands still while the worker trains; space lets it go on."),
        ("reading", "The recording has not been read to its end; nothing is judged before it is."),
        ("best, best weights", "The network at the step where the dev set was answered best."),
        ("replay", "The run is shown at an earlier step than its last."),
        ("step", "One update of all weights, counted from 1; step 0 is the untrained network."),
        ("epoch", "One pass over the training set."),
        ("dev loss, dev accuracy", "Loss and accuracy on rows that are never learned from."),
        ("test loss, test accuracy", "The same on rows that were looked at once, at the end."),
        ("train loss, train accuracy", "The same on the rows that were learned from."),
        ("steps/s", "Updates a second."),
        ("gradients by", "How gradients are found: by formulas, by autograd or by differences."),
        ("tempo", "How a replay counts its time."),
        ("member", "One network of a population.")),
)
"""Every heading there is."""
# fmt: on
