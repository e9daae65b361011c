"""The layouts of the public data sets in miniature: what each folder holds, and what its adapter must find there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = (40, 32)
"""Width and height of all pictures, in pixels."""

REGION = (slice(4, 20), slice(8, 24))
OTHER_REGION = (slice(20, 30), slice(24, 38))


@dataclass(frozen=True)
class Expected:
    """A sample: its kind, group, masks below the root, and split."""

    kind: str
    group: str
    masks: tuple[str, ...] = ()
    split: str = ""


@dataclass(frozen=True)
class Layout:
    """Files below the root: path -> what it is; samples by photo; and what is left out, with part of the reason."""

    files: Mapping[str, str]
    samples: Mapping[str, Expected]
    left_out: Mapping[str, str] = field(default_factory=dict)
    other_masks: Mapping[str, str] = field(default_factory=dict)
    """Value of ``--masks`` -> name of a mask that it then uses."""

    def build(self, root: Path) -> Path:
        for name, content in self.files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content in PICTURES:
                PICTURES[content](path)
            else:
                path.write_text(content, encoding="utf-8")
        return root


def _save(pixels: np.ndarray, path: Path) -> None:
    image = Image.fromarray(pixels)
    if path.suffix.lower() in (".jpg", ".jpeg"):
        image.save(path, quality=95, subsampling=0)
    else:
        image.save(path)


def photo(path: Path) -> None:
    seed = sum(path.as_posix().encode())
    _save(np.random.default_rng(seed).integers(0, 255, (SIZE[1], SIZE[0], 3), dtype=np.uint8), path)


def white(path: Path, region: tuple[slice, slice] = REGION, size: tuple[int, int] = SIZE) -> None:
    mask = np.zeros(size[::-1], np.uint8)
    mask[region] = 255
    _save(mask, path)


def black(path: Path) -> None:
    mask = np.full(SIZE[::-1], 255, np.uint8)
    mask[REGION] = 0
    _save(mask, path)


def elsewhere(path: Path) -> None:
    white(path, OTHER_REGION)


def green_on_red(path: Path) -> None:
    mask = np.zeros((*SIZE[::-1], 3), np.uint8)
    mask[..., 0] = 200
    mask[REGION] = (0, 255, 0)
    _save(mask, path)


def coloured(path: Path) -> None:
    mask = np.zeros((*SIZE[::-1], 3), np.uint8)
    mask[REGION] = (0, 0, 180)
    _save(mask, path)


def levels(path: Path) -> None:
    mask = np.zeros(SIZE[::-1], np.uint8)
    mask[REGION] = 100
    mask[6:10, 10:14] = 255
    _save(mask, path)


PICTURES = {
    "photo": photo,
    "white": white,
    "black": black,
    "elsewhere": elsewhere,
    "green": green_on_red,
    "coloured": coloured,
    "levels": levels,
}

README = {"README.md": "Read me."}
NO_PICTURE = {"README.md": "no picture"}

REFERENCE = """TaskID|ProbeFileID|ProbeFileName|ProbeMaskFileName|DonorFileName|IsTarget|IsManipulationTypeRemoval|\
IsManipulationTypeSplice|IsManipulationTypeCopyClone|BaseFileName|CorrespondingControlFileName
Manipulation|NC2016_7105|probe/NC2016_7105.jpg|||N|N|N|N||
Manipulation|NC2016_0128|probe/NC2016_0128.jpg|reference/manipulation/mask/NC2016_3942.png||Y|N|Y|N|\
world/NC2016_3272.jpg|probe/NC2016_7105.jpg
Manipulation|NC2016_8714|probe/NC2016_8714.jpg|reference/manipulation/mask/NC2016_3942.png||Y|N|Y|N|\
world/NC2016_3272.jpg|probe/NC2016_7105.jpg
Manipulation|NC2016_0674|probe/NC2016_0674.jpg|reference/manipulation/mask/NC2016_4907.png||Y|Y|N|N|\
world/NC2016_7593.jpg|
Manipulation|NC2016_0001|probe/NC2016_0001.jpg|||N|N|N|N||
"""
SPLICE_REFERENCE = """TaskID,ProbeFileName,ProbeMaskFileName,IsTarget,BaseFileName,DonorFileName
Splice,probe/NC2016_0128.jpg,reference/splice/mask/NC2016_3942.png,Y,world/NC2016_3272.jpg,world/NC2016_7593.jpg
"""

LAYOUTS = {
    "nc2016": Layout(
        {
            "NC/probe/NC2016_7105.jpg": "photo",
            "NC/probe/NC2016_0128.jpg": "photo",
            "NC/probe/NC2016_8714.jpg": "photo",
            "NC/probe/NC2016_0674.jpg": "photo",
            "NC/probe/NC2016_9999.jpg": "photo",
            "NC/world/NC2016_3272.jpg": "photo",
            "NC/indexes/NC2016-manipulation-index.csv": "TaskID|ProbeFileID\n",
            "NC/reference/manipulation/NC2016-manipulation-ref.csv": REFERENCE,
            "NC/reference/manipulation/NC2016-manipulation-ref-journalmask.csv": "JournalName\n",
            "NC/reference/manipulation/mask/NC2016_3942.png": "black",
            "NC/reference/manipulation/mask/NC2016_4907.png": "black",
            "NC/reference/manipulation/mask/NC2016_7777.png": "black",
            "NC/reference/splice/NC2016-splice-ref.csv": SPLICE_REFERENCE,
            "NC/reference/splice/mask/NC2016_3942.png": "black",
        },
        {
            "NC/probe/NC2016_7105.jpg": Expected("authentic", "nc2016_0128"),
            "NC/probe/NC2016_0128.jpg": Expected(
                "splice", "nc2016_0128", ("NC/reference/manipulation/mask/NC2016_3942.png",)
            ),
            "NC/probe/NC2016_8714.jpg": Expected(
                "splice", "nc2016_0128", ("NC/reference/manipulation/mask/NC2016_3942.png",)
            ),
            "NC/probe/NC2016_0674.jpg": Expected(
                "removal", "nc2016_0674", ("NC/reference/manipulation/mask/NC2016_4907.png",)
            ),
        },
        {
            "NC/probe/NC2016_9999.jpg": "does not name",
            "NC/probe/NC2016_0001.jpg": "named in the task's table, but there is no such photo",
            "NC/world/NC2016_3272.jpg": "world",
            "NC/indexes/NC2016-manipulation-index.csv": "no picture",
            "NC/reference/manipulation/NC2016-manipulation-ref.csv": "no picture",
            "NC/reference/manipulation/NC2016-manipulation-ref-journalmask.csv": "no picture",
            "NC/reference/splice/NC2016-splice-ref.csv": "no picture",
            "NC/reference/manipulation/mask/NC2016_7777.png": "mask without a photo",
            "NC/reference/splice/mask/NC2016_3942.png": "another kind",
        },
        {"splice": "NC/reference/splice/mask/NC2016_3942.png"},
    ),
    "ifs-tc": Layout(
        {
            "dataset-dist/phase-01/training/fake/aa.png": "photo",
            "dataset-dist/phase-01/training/fake/aa.mask.png": "black",
            "dataset-dist/phase-01/training/fake/bb.png": "photo",
            "dataset-dist/phase-01/training/fake/masks/bb.mask.png": "black",
            "dataset-dist/phase-01/training/pristine/cc.png": "photo",
            "dataset-dist/phase-01/testing/dd.png": "photo",
            **README,
        },
        {
            "dataset-dist/phase-01/training/fake/aa.png": Expected(
                "manipulated", "aa", ("dataset-dist/phase-01/training/fake/aa.mask.png",)
            ),
            "dataset-dist/phase-01/training/fake/bb.png": Expected(
                "manipulated", "bb", ("dataset-dist/phase-01/training/fake/masks/bb.mask.png",)
            ),
            "dataset-dist/phase-01/training/pristine/cc.png": Expected("authentic", "cc"),
        },
        {"dataset-dist/phase-01/testing/dd.png": "truth was not published", **NO_PICTURE},
        {"white": "dataset-dist/phase-01/training/fake/aa.mask.png"},
    ),
    "coverage": Layout(
        {
            **{f"image/{name}.tif": "photo" for name in ("1", "1t", "22", "22t")},
            **{f"mask/{number}{what}.tif": "elsewhere" for number in (1, 22) for what in ("copy", "paste")},
            **{f"mask/{number}forged.tif": "white" for number in (1, 22)},
            "label/TFlabel.mat": "MATLAB",
        },
        {
            "image/1.tif": Expected("authentic", "1"),
            "image/1t.tif": Expected("copy-move", "1", ("mask/1forged.tif",)),
            "image/22.tif": Expected("authentic", "22"),
            "image/22t.tif": Expected("copy-move", "22", ("mask/22forged.tif",)),
        },
        {
            **{f"mask/{number}{what}.tif": "another kind" for number in (1, 22) for what in ("copy", "paste")},
            "label/TFlabel.mat": "no picture",
        },
        {"copy": "mask/1copy.tif", "paste": "mask/1paste.tif"},
    ),
    "casia1": Layout(
        {
            "Au/Au_ani_0001.jpg": "photo",
            "Au/Au_txt_0099.jpg": "photo",
            "Tp/Sp/Sp_D_CND_A_ani0001_pla0023_0281.jpg": "photo",
            "Tp/CM/Sp_S_NNN_C_txt0001_txt0001_0001.jpg": "photo",
            "Tp/CM/Sp_S_NNN_R_txt0001_txt0001_0001.jpg": "photo",
            "Tp/Sp/Sp_D_NND_A_nat0054_nat0054_0189.jpg": "photo",
            "Tp/Sp/Sp_D_NRN_A_art0007_art0008_0300.jpg": "photo",
            "CASIA 1.0 groundtruth/Sp/Sp_D_CND_A_ani0001_pla0023_0281_gt.png": "white",
            "CASIA 1.0 groundtruth/CM/Sp_S_NNN_C_txt0001_txt0001_0001_gt.png": "white",
            "CASIA 1.0 groundtruth/CM/Sp_S_NNN_R_txt0001_txt0001_0001_gt.png": "white",
            "CASIA 1.0 groundtruth/CM/Sp_S_NND_A_nat0054_nat0054_0189_gt.png": "white",
            "CASIA 1.0 groundtruth/Sp/Sp_D_NRN_A_cha0001_cha0002_0300_gt.png": "white",
            "CASIA 1.0 groundtruth/FileNameCorrection.xlsx": "Excel",
        },
        {
            "Au/Au_ani_0001.jpg": Expected("authentic", "ani00001"),
            "Au/Au_txt_0099.jpg": Expected("authentic", "txt00099"),
            "Tp/Sp/Sp_D_CND_A_ani0001_pla0023_0281.jpg": Expected(
                "splice", "ani00001", ("CASIA 1.0 groundtruth/Sp/Sp_D_CND_A_ani0001_pla0023_0281_gt.png",)
            ),
            "Tp/CM/Sp_S_NNN_C_txt0001_txt0001_0001.jpg": Expected(
                "copy-move", "txt00001", ("CASIA 1.0 groundtruth/CM/Sp_S_NNN_C_txt0001_txt0001_0001_gt.png",)
            ),
            "Tp/CM/Sp_S_NNN_R_txt0001_txt0001_0001.jpg": Expected(
                "copy-move", "txt00001", ("CASIA 1.0 groundtruth/CM/Sp_S_NNN_R_txt0001_txt0001_0001_gt.png",)
            ),
            # The name says splice; the ground truth knows better.
            "Tp/Sp/Sp_D_NND_A_nat0054_nat0054_0189.jpg": Expected(
                "copy-move", "nat00054", ("CASIA 1.0 groundtruth/CM/Sp_S_NND_A_nat0054_nat0054_0189_gt.png",)
            ),
        },
        {
            "Tp/Sp/Sp_D_NRN_A_art0007_art0008_0300.jpg": "no source",
            "CASIA 1.0 groundtruth/Sp/Sp_D_NRN_A_cha0001_cha0002_0300_gt.png": "no source",
            "CASIA 1.0 groundtruth/FileNameCorrection.xlsx": "no picture",
        },
    ),
    "casia2": Layout(
        {
            "Au/Au_cha_00063.jpg": "photo",
            "Au/Au_art_00014.bmp": "photo",
            "Tp/Tp_D_CRN_S_N_cha00063_art00014_11818.jpg": "photo",
            "Tp/Tp_D_CNN_M_N_ind00091_ind00091_10647.tif": "photo",
            "Tp/Tp_D_NRD_S_N_cha10002_cha10001_20094.jpg": "photo",
            "Tp/Tp_D_CNN_M_N_arc00086_xxx00000_00306.tif": "photo",
            "CASIA 2 Groundtruth/Tp_D_CRN_S_N_cha00063_art00014_11818_gt.png": "white",
            "CASIA 2 Groundtruth/Tp_S_CNN_M_N_ind00091_ind00091_10647_gt.png": "white",
            "CASIA 2 Groundtruth/Tp_D_NRD_S_N_cha10002_cha10001_20094_gt3.png": "white",
            "CASIA 2 Groundtruth/Tp_D_CNN_M_N_arc00086_xxx00000_00306_gt.png": "white",
            "Tp/Thumbs.db": "thumbs",
        },
        {
            "Au/Au_cha_00063.jpg": Expected("authentic", "art00014"),
            "Au/Au_art_00014.bmp": Expected("authentic", "art00014"),
            "Tp/Tp_D_CRN_S_N_cha00063_art00014_11818.jpg": Expected(
                "splice", "art00014", ("CASIA 2 Groundtruth/Tp_D_CRN_S_N_cha00063_art00014_11818_gt.png",)
            ),
            "Tp/Tp_D_CNN_M_N_ind00091_ind00091_10647.tif": Expected(
                "copy-move", "ind00091", ("CASIA 2 Groundtruth/Tp_S_CNN_M_N_ind00091_ind00091_10647_gt.png",)
            ),
            "Tp/Tp_D_NRD_S_N_cha10002_cha10001_20094.jpg": Expected(
                "splice", "cha10001", ("CASIA 2 Groundtruth/Tp_D_NRD_S_N_cha10002_cha10001_20094_gt3.png",)
            ),
            "Tp/Tp_D_CNN_M_N_arc00086_xxx00000_00306.tif": Expected(
                "splice", "arc00086", ("CASIA 2 Groundtruth/Tp_D_CNN_M_N_arc00086_xxx00000_00306_gt.png",)
            ),
        },
        {"Tp/Thumbs.db": "no picture"},
    ),
    "columbia": Layout(
        {
            "4cam_auth/4cam_auth/canong3_02_sub_01.tif": "photo",
            "4cam_auth/4cam_auth/canong3_02_sub_02.tif": "photo",
            "4cam_auth/4cam_auth/edgemask/canong3_02_sub_01_edgemask.jpg": "green",
            "4cam_splc/4cam_splc/canong3_canonxt_sub_13.tif": "photo",
            "4cam_splc/4cam_splc/nikond70_canonxt_sub_13.tif": "photo",
            "4cam_splc/4cam_splc/edgemask/canong3_canonxt_sub_13_edgemask.jpg": "green",
            "4cam_splc/4cam_splc/edgemask/canong3_canonxt_sub_13_edgemask_3.jpg": "green",
            "4cam_splc/4cam_splc/edgemask/nikond70_canonxt_sub_13_edgemask.jpg": "green",
        },
        {
            "4cam_auth/4cam_auth/canong3_02_sub_01.tif": Expected("authentic", "canong3_02"),
            "4cam_auth/4cam_auth/canong3_02_sub_02.tif": Expected("authentic", "canong3_02"),
            "4cam_splc/4cam_splc/canong3_canonxt_sub_13.tif": Expected(
                "splice", "splices 13", ("4cam_splc/4cam_splc/edgemask/canong3_canonxt_sub_13_edgemask.jpg",)
            ),
            "4cam_splc/4cam_splc/nikond70_canonxt_sub_13.tif": Expected(
                "splice", "splices 13", ("4cam_splc/4cam_splc/edgemask/nikond70_canonxt_sub_13_edgemask.jpg",)
            ),
        },
        {
            "4cam_auth/4cam_auth/edgemask/canong3_02_sub_01_edgemask.jpg": "authentic photo",
            "4cam_splc/4cam_splc/edgemask/canong3_canonxt_sub_13_edgemask_3.jpg": "another kind",
        },
        {"red": "4cam_splc/4cam_splc/edgemask/canong3_canonxt_sub_13_edgemask.jpg"},
    ),
    "dso-1": Layout(
        {
            "DSO-1/splicing-01.png": "photo",
            "DSO-1/splicing-100.png": "photo",
            "DSO-1/normal-01.png": "photo",
            "DSO-1-Fake-Images-Masks/splicing-01.png": "black",
            "DSO-1-Fake-Images-Masks/splicing-100.png": "black",
            "DSI-1/splicing-01.png": "photo",
        },
        {
            "DSO-1/splicing-01.png": Expected("splice", "splicing-01", ("DSO-1-Fake-Images-Masks/splicing-01.png",)),
            "DSO-1/splicing-100.png": Expected("splice", "splicing-100", ("DSO-1-Fake-Images-Masks/splicing-100.png",)),
            "DSO-1/normal-01.png": Expected("authentic", "normal-01"),
        },
        {"DSI-1/splicing-01.png": "no place"},
        {"white": "DSO-1-Fake-Images-Masks/splicing-01.png"},
    ),
    "comofod": Layout(
        {
            **{f"{number}_{what}.png": "photo" for number in ("001", "02") for what in "OF"},
            **{f"{number}_B.png": "white" for number in ("001", "02")},
            **{f"{number}_M.png": "coloured" for number in ("001", "02")},
            "001_F_JC1.jpg": "photo",
            "001_O_JC1.jpg": "photo",
            "001_F_NA3.png": "photo",
            "readme.txt": "translation",
        },
        {
            "001_O.png": Expected("authentic", "001", split="base"),
            "001_F.png": Expected("copy-move", "001", ("001_B.png",), "base"),
            "001_F_JC1.jpg": Expected("copy-move", "001", ("001_B.png",), "JC1"),
            "001_O_JC1.jpg": Expected("authentic", "001", split="JC1"),
            "001_F_NA3.png": Expected("copy-move", "001", ("001_B.png",), "NA3"),
            "02_O.png": Expected("authentic", "02", split="base"),
            "02_F.png": Expected("copy-move", "02", ("02_B.png",), "base"),
        },
        {"001_M.png": "another kind", "02_M.png": "another kind", "readme.txt": "no picture"},
        {"M": "001_M.png"},
    ),
    "cvip": Layout(
        {
            "D0/im1_t.bmp": "photo",
            "D0/im1_gt.bmp": "white",
            "D0/im2_t.bmp": "photo",
            "D0/im2_t_gt.bmp": "white",
            "D1-2/im1/im1.bmp": "photo",
            "D1-2/im1/out_r20_im1.bmp": "photo",
            "D1-2/im1/out_r20_im1_gt.bmp": "white",
            "D1-2/im1/out_r20_im1_target.bmp": "elsewhere",
            "D1-2/im1/out_s0.75_im1.bmp": "photo",
            "D1-2/im1/masks/out_s0.75_im1.bmp": "white",
            "D3/im1.bmp": "photo",
            "readme.txt": "cite",
        },
        {
            "D0/im1_t.bmp": Expected("copy-move", "D0 and D3: scene 1", ("D0/im1_gt.bmp",), "D0"),
            "D0/im2_t.bmp": Expected("copy-move", "D0 and D3: scene 2", ("D0/im2_t_gt.bmp",), "D0"),
            "D1-2/im1/im1.bmp": Expected("authentic", "D1-2: scene 1", split="D1-2"),
            "D1-2/im1/out_r20_im1.bmp": Expected(
                "copy-move", "D1-2: scene 1", ("D1-2/im1/out_r20_im1_gt.bmp",), "D1-2"
            ),
            "D1-2/im1/out_s0.75_im1.bmp": Expected(
                "copy-move", "D1-2: scene 1", ("D1-2/im1/masks/out_s0.75_im1.bmp",), "D1-2"
            ),
            "D3/im1.bmp": Expected("authentic", "D0 and D3: scene 1", split="D3"),
        },
        {"D1-2/im1/out_r20_im1_target.bmp": "another kind", "readme.txt": "no picture"},
        {"target": "D1-2/im1/out_r20_im1_target.bmp"},
    ),
    "misd": Layout(
        {
            "Dataset/Au/Au_ani_0031.jpg": "photo",
            "Dataset/Au/Au_sec_0001.jpg": "photo",
            "Dataset/Sp/Sp_D_ ani_00031_cha_00086_226.png": "photo",
            "Dataset/Ground Truth Masks/A/images/Sp_D_ani_00031_cha_00086_226.png": "photo",
            "Dataset/Ground Truth Masks/A/masks/1.png": "white",
            "Dataset/Ground Truth Masks/A/masks/2.png": "elsewhere",
            "Dataset/Sp/Sp_D_cha_00086_txt_00002_7.png": "photo",
            "Dataset/Ground Truth Masks/B/images/Sp_D_cha_00086_txt_00002_7.png": "photo",
            "Dataset/Ground Truth Masks/B/masks/1.png": "white",
            "Dataset/Sp/Sp_D_art_00001_art_00002_9.png": "photo",
        },
        {
            "Dataset/Au/Au_ani_0031.jpg": Expected("authentic", "ani00031"),
            "Dataset/Au/Au_sec_0001.jpg": Expected("authentic", "sec00001"),
            "Dataset/Ground Truth Masks/A/images/Sp_D_ani_00031_cha_00086_226.png": Expected(
                "splice",
                "ani00031",
                ("Dataset/Ground Truth Masks/A/masks/1.png", "Dataset/Ground Truth Masks/A/masks/2.png"),
            ),
            "Dataset/Ground Truth Masks/B/images/Sp_D_cha_00086_txt_00002_7.png": Expected(
                "splice", "ani00031", ("Dataset/Ground Truth Masks/B/masks/1.png",)
            ),
        },
        {
            "Dataset/Sp/Sp_D_ ani_00031_cha_00086_226.png": "copy of the picture next to the masks",
            "Dataset/Sp/Sp_D_cha_00086_txt_00002_7.png": "copy of the picture next to the masks",
            "Dataset/Sp/Sp_D_art_00001_art_00002_9.png": "photo without a mask",
        },
        {"sp": "Dataset/Ground Truth Masks/A/masks/1.png"},
    ),
    "imd2020": Layout(
        {
            "1a1ogs/1a1ogs_orig.jpg": "photo",
            "1a1ogs/c8tf5mq_0.png": "photo",
            "1a1ogs/c8tf5mq_0_mask.png": "white",
            "z28/00065_orig.jpg": "photo",
            "z28/00065_fake.jpg": "photo",
            "z28/00065_fake_mask.png": "white",
        },
        {
            "1a1ogs/1a1ogs_orig.jpg": Expected("authentic", "1a1ogs"),
            "1a1ogs/c8tf5mq_0.png": Expected("manipulated", "1a1ogs", ("1a1ogs/c8tf5mq_0_mask.png",)),
            "z28/00065_orig.jpg": Expected("authentic", "z28"),
            "z28/00065_fake.jpg": Expected("manipulated", "z28", ("z28/00065_fake_mask.png",)),
        },
    ),
    "korus": Layout(
        {
            f"{camera}/{folder}/r1.{ending}": what
            for camera in ("Canon_60D", "Sony_A57")
            for folder, ending, what in (
                ("pristine", "TIF", "photo"),
                ("tampered-realistic", "TIF", "photo"),
                ("ground-truth", "PNG", "levels"),
            )
        }
        | {"Sony_A57/pristine/only.TIF": "photo", "readme.md": "3 levels"},
        {
            f"{camera}/{folder}/r1.TIF": Expected(
                "authentic" if folder == "pristine" else "manipulated",
                f"{camera}/r1".lower(),
                () if folder == "pristine" else (f"{camera}/ground-truth/r1.PNG",),
            )
            for camera in ("Canon_60D", "Sony_A57")
            for folder in ("pristine", "tampered-realistic")
        }
        | {"Sony_A57/pristine/only.TIF": Expected("authentic", "sony_a57/only")},
        {"readme.md": "no picture"},
        {"semantic": "Canon_60D/ground-truth/r1.PNG"},
    ),
    "grip": Layout(
        {
            "images/IMG_C01_001.png": "photo",
            "forged_images/TP_C01_001_copy.png": "photo",
            "forged_images/TP_C01_001_gt.png": "white",
            "forged_images/TP_C02_011_copy.png": "photo",
            "forged_images/TP_C02_011_gt.png": "levels",
            "noise/TP_C02_011_copy_ln20.png": "photo",
            "noise/TP_C02_011_gt_ln20.png": "white",
        },
        {
            "images/IMG_C01_001.png": Expected("authentic", "c01_001"),
            "forged_images/TP_C01_001_copy.png": Expected(
                "copy-move", "c01_001", ("forged_images/TP_C01_001_gt.png",), "plain"
            ),
            "forged_images/TP_C02_011_copy.png": Expected(
                "copy-move", "c02_011", ("forged_images/TP_C02_011_gt.png",), "plain"
            ),
            "noise/TP_C02_011_copy_ln20.png": Expected(
                "copy-move", "c02_011", ("noise/TP_C02_011_gt_ln20.png",), "ln20"
            ),
        },
    ),
    "autosplice": Layout(
        {
            "Authentic/123.jpg": "photo",
            **{
                f"Forged_JPEG{quality}/{name}.jpg": "photo"
                for quality in (100, 75)
                for name in ("123_1", "123_2", "9_1")
            },
            "Forged_JPEG90/77_1.jpg": "photo",
            "Mask/77_mask.png": "white",
            "Mask/123_mask.png": "white",
            "Mask/9_1_mask.png": "white",
            "Mask/555_mask.png": "white",
            "Caption/123.txt": "a caption",
        },
        {
            "Authentic/123.jpg": Expected("authentic", "123"),
            "Forged_JPEG90/77_1.jpg": Expected("generated", "77", ("Mask/77_mask.png",), "JPEG90"),
            **{
                f"Forged_JPEG{quality}/{name}.jpg": Expected("generated", group, (mask,), f"JPEG{quality}")
                for quality in (100, 75)
                for name, group, mask in (
                    ("123_1", "123", "Mask/123_mask.png"),
                    ("123_2", "123", "Mask/123_mask.png"),
                    ("9_1", "9", "Mask/9_1_mask.png"),
                )
            },
        },
        {"Mask/555_mask.png": "mask without a photo", "Caption/123.txt": "no picture"},
    ),
    "cocoglide": Layout(
        {
            "fake/glide_inpainting_val2017_114871_up.png": "photo",
            "fake/glide_inpainting_val2017_285_up.png": "photo",
            "mask/dining table_114871_mask.png": "white",
            "mask/bear_285_mask.png": "white",
            "real/dining table_114871.png": "photo",
            "table.csv": "real,fake,mask,prompt",
        },
        {
            "fake/glide_inpainting_val2017_114871_up.png": Expected(
                "generated", "114871", ("mask/dining table_114871_mask.png",)
            ),
            "fake/glide_inpainting_val2017_285_up.png": Expected("generated", "285", ("mask/bear_285_mask.png",)),
            "real/dining table_114871.png": Expected("authentic", "114871"),
        },
        {"table.csv": "no picture"},
    ),
}
"""Name of an adapter -> its data set in miniature."""
