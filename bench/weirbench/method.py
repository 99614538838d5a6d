"""How peers are compared: interleaved, the order rotated, a run with errors repeated once."""

import contextlib
import re
import time

from weirbench.failures import LeftOut, NotServed
from weirbench.ratios import rotated, summarize


class Method:
    """Runs rows, of which the cells whose name holds `cells`; `say` gets a line of progress at a time."""

    def __init__(self, setting, cells, say):
        self._setting = setting
        self._wanted = re.sub(r"\bx\b", "×", cells)
        self._say = say
        self.failures = []

    def run(self, row):
        """One row as it stands in the results file."""
        began = time.monotonic()
        self._say(f"{row.name}: {row.title}")
        cells = [self._run_or_fail(row, cell) for cell in self._cells(row)]
        return {"name": row.name, "title": row.title, "shows": row.shows, "subject": row.subject, "beside": row.beside,
                "metrics": [metric.to_json() for metric in row.metrics], "cells": cells,
                "took_s": round(time.monotonic() - began, 1)}

    def _cells(self, row):
        try:
            return [cell for cell in row.cells(self._setting) if self._wanted in cell.name]
        except LeftOut as reason:
            self._say(f"  left out: {reason}")
            return []

    def _run_or_fail(self, row, cell):
        """A cell whose surroundings fail, a database for instance, must not end the run."""
        try:
            return self._run_cell(row, cell)
        except NotServed as reason:
            text = f"{row.name}, {cell.name}: {reason}"
            self._say(f"  ! {text}")
            self.failures.append(text)
            return _empty(cell, f"could not be set up: {reason}")

    def _run_cell(self, row, cell):
        result = _empty(cell, cell.left_out)
        if cell.left_out:
            self._say(f"  {cell.name}: left out: {cell.left_out}")
            return result
        peers = [peer for peer in self._peers(row, cell) if not self._is_missing(peer, result)]
        rounds = {peer: [] for peer in peers}
        with cell.standing() if cell.standing else contextlib.nullcontext() as standing:
            more = (standing,) if cell.standing else ()
            for number in range(min(self._setting.rounds, row.most_rounds)):
                for peer in rotated(peers, number):
                    rounds[peer].append(self._measure(row, cell, (peer, *more), result))
        keys = [metric.key for metric in row.metrics]
        result |= {"rounds": rounds, "summary": summarize(rounds, row.subject, keys, row.base)}
        self._say(f"  {cell.name}: {self._headline(row, result['summary'])}")
        return result

    def _peers(self, row, cell):
        """With another build of Weir right behind this one's, where that is asked for."""
        if not (self._setting.before and row.before):
            return cell.peers
        return [name for peer in cell.peers for name in ([peer, "before"] if peer == "weir" else [peer])]

    def _is_missing(self, peer, result):
        reason = self._setting.missing.get(peer)
        if reason:
            result["notes"].append(f"{peer} left out: {reason}")
        return bool(reason)

    def _measure(self, row, cell, arguments, result):
        """A sample; a run with errors does not count and is made once more; None if that fails as well."""
        for attempt in (1, 2):
            try:
                return cell.measure(*arguments)
            except (NotServed, OSError, ValueError) as reason:  # what a peer that dies brings about, wherever it shows
                text = f"{row.name}, {cell.name}: {arguments[0]} did not serve (attempt {attempt}): {reason}"
                self._say(f"  ! {text}")
                result["notes"].append(text)
        self.failures.append(text)
        return None

    def _headline(self, row, summary):
        """The first metric of every peer, for those who watch."""
        metric = row.metrics[0]
        figures = [f"{peer} {figures[metric.key]['median']:.{metric.digits}f}" for peer, figures in summary.items()
                   if metric.key in figures]
        return f"{metric.title}: " + ", ".join(figures)


def _empty(cell, left_out):
    """A cell of the results file in which nothing was measured yet."""
    return {"name": cell.name, "parameters": cell.parameters, "left_out": left_out, "notes": [], "rounds": {},
            "summary": {}}
