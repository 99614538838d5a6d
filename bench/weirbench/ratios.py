"""The arithmetic: medians, and ratios within a round."""

from statistics import median


def rotated(peers, number):
    """The order of a round: each begins with the next peer, so that none always follows the same one."""
    if not peers:
        return []
    start = number % len(peers)
    return peers[start:] + peers[:start]


def spread(values):
    """Median, least and most; None of nothing."""
    if not values:
        return None
    return {"median": median(values), "min": min(values), "max": max(values)}


def ratios(subject, partner, key):
    """Subject over partner, round by round; rounds in which one of them did not count are passed over."""
    found = []
    for ours, theirs in zip(subject, partner):
        if ours and theirs and key in ours and theirs.get(key):
            found.append(ours[key] / theirs[key])
    return found


def summarize(rounds, subject, keys, base=None):
    """{peer: {metric: {median, min, max, ratio: {median, min, max} of subject over peer}}}.

    `rounds` is {peer: [sample or None for each round]}, a sample being {metric: value}. With a base, ratios are of each
    peer over its base(peer).
    """
    summary = {}
    for peer, samples in rounds.items():
        summary[peer] = {}
        for key in keys:
            figure = spread([sample[key] for sample in samples if sample and key in sample])
            if figure is None:
                continue
            over, under = (peer, base(peer)) if base else (subject, peer)
            if over != under and over in rounds and under in rounds:
                ratio = spread(ratios(rounds[over], rounds[under], key))
                if ratio:
                    figure["ratio"] = ratio
            summary[peer][key] = figure
    return summary
