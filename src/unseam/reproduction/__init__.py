"""The experiments of Bappy et al. (ICCV 2017, DOI 10.1109/ICCV.2017.532): every table, next to the paper's own.

``paper.py`` holds what the paper says, as data; ``networks.py`` trains and measures one network; ``results.py`` puts
measurements next to the paper; ``page.py`` writes them; ``run.py`` is ``unseam reproduce``.
"""
