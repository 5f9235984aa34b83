"""The chain of src/aggregate/sequence/chain.rs over many vacancies at once: log-likelihood, gradient, marginals.

Arrays run over all fragments of all vacancies, one vacancy after the other. A class is 0..4 for content of a section
and 5..9 for a heading of it. A state is content under an announced section (6 x 5, the last row: none announced yet)
or a heading (5).
"""

import numpy as np

SECTIONS = 5
CLASSES = 2 * SECTIONS
ANNOUNCED = SECTIONS + 1
CONTENT = ANNOUNCED * SECTIONS
STATES = CONTENT + SECTIONS

CLASS_OF = np.array([state % SECTIONS if state < CONTENT else state - CONTENT + SECTIONS for state in range(STATES)])
ANNOUNCED_BY = np.array([state // SECTIONS if state < CONTENT else state - CONTENT for state in range(STATES)])
IS_HEADING = np.arange(STATES) >= CONTENT
# A heading can follow everything; content stands under what its predecessor stands under or announces.
ALLOWED = IS_HEADING[None, :] | (ANNOUNCED_BY[:, None] == ANNOUNCED_BY[None, :])
FIRST = IS_HEADING | (ANNOUNCED_BY == SECTIONS)
OF_CLASS = np.eye(CLASSES)[CLASS_OF]


class Layout:
    """Which fragments stand at which position of their vacancies."""

    def __init__(self, lengths, links, gates):
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        order = np.argsort(-np.asarray(lengths), kind="stable")
        self.count = int(np.sum(lengths))
        self.links, self.gates = np.asarray(links), np.asarray(gates)
        self.vacancy = np.repeat(np.arange(len(lengths)), lengths)
        self.rows = []
        for position in range(int(np.max(lengths))):
            here = [index for index in order if lengths[index] > position]
            self.rows.append(starts[here] + position)
        self.last = starts + np.asarray(lengths) - 1


def gold_states(classes, lengths):
    """The state of every fragment, given its class."""
    states, at = np.empty(len(classes), dtype=int), 0
    for length in lengths:
        announced = SECTIONS
        for index in range(at, at + length):
            if classes[index] >= SECTIONS:
                announced = classes[index] - SECTIONS
                states[index] = CONTENT + announced
            else:
                states[index] = announced * SECTIONS + classes[index]
        at += length
    return states


def own_scores(layout, scores, under):
    own = scores[:, CLASS_OF].copy()
    own[:, :CONTENT] += under.reshape(len(under), CONTENT)[layout.gates]
    return own


def forward(layout, own, steps):
    """Scaled forward rows, and the logarithm of each row's scale."""
    peak = own.max(1, keepdims=True)
    local = np.exp(own - peak)
    alpha, scale = np.empty_like(own), np.empty(len(own))
    for position, rows in enumerate(layout.rows):
        if position == 0:
            ahead = np.broadcast_to(FIRST.astype(float), (len(rows), STATES))
        else:
            before = alpha[rows - 1]
            ahead = np.empty((len(rows), STATES))
            for link in np.unique(layout.links[rows]):
                picked = layout.links[rows] == link
                ahead[picked] = before[picked] @ steps[link]
        row = ahead * local[rows]
        total = row.sum(1, keepdims=True)
        alpha[rows] = row / total
        scale[rows] = np.log(total[:, 0]) + peak[rows, 0]
    return alpha, scale, local


def run(layout, scores, transitions, under):
    """log Z per fragment row, marginals of states, expected steps per link (times the row's vacancy weight)."""
    steps = np.where(ALLOWED, np.exp(transitions[:, CLASS_OF][:, :, CLASS_OF]), 0.0)
    own = own_scores(layout, scores, under)
    alpha, scale, local = forward(layout, own, steps)
    return steps, own, alpha, scale, local


def backward(layout, steps, alpha, local, weights=None):
    """Marginals of the states, and with `weights` the expected number of steps of each link."""
    links = len(steps)
    marginals = np.empty_like(alpha)
    beta = np.ones_like(alpha)
    expected = np.zeros_like(steps)
    for position in range(len(layout.rows) - 1, -1, -1):
        rows = layout.rows[position]
        joint = alpha[rows] * beta[rows]
        marginals[rows] = joint / joint.sum(1, keepdims=True)
        if position == 0:
            break
        behind = local[rows] * beta[rows]
        for link in range(links):
            picked = layout.links[rows] == link
            if not picked.any():
                continue
            before = rows[picked] - 1
            back = behind[picked] @ steps[link].T
            if weights is not None:
                norm = (alpha[before] * back).sum(1, keepdims=True)
                expected[link] += (alpha[before] * (weights[before][:, None] / norm)).T @ behind[picked]
            beta[before] = back / back.sum(1, keepdims=True)
    return marginals, expected * steps


def class_marginals(layout, scores, transitions, under):
    steps, _, alpha, _, local = run(layout, scores, transitions, under)
    return backward(layout, steps, alpha, local)[0] @ OF_CLASS


def loss_and_gradient(layout, scores, transitions, under, states, weights):
    """Weighted negative log-likelihood of the gold states; gradients by scores, transitions and under."""
    steps, own, alpha, scale, local = run(layout, scores, transitions, under)
    rows = np.arange(layout.count)
    classes = CLASS_OF[states]
    follows = np.ones(layout.count, dtype=bool)
    follows[layout.rows[0]] = False
    after = rows[follows]
    link = layout.links[after]
    gold = own[rows, states]
    gold[after] += transitions[link, classes[after - 1], classes[after]]
    loss = float((weights * (scale - gold)).sum())

    marginals, expected = backward(layout, steps, alpha, local, weights)
    excess = marginals * weights[:, None]
    excess[rows, states] -= weights
    by_scores = excess @ OF_CLASS
    by_transitions = np.einsum("kst,sc,td->kcd", expected, OF_CLASS, OF_CLASS)
    np.add.at(by_transitions, (link, classes[after - 1], classes[after]), -weights[after])
    by_under = np.zeros((len(under), CONTENT))
    np.add.at(by_under, layout.gates, excess[:, :CONTENT])
    return loss, by_scores, by_transitions, by_under.reshape(under.shape)
