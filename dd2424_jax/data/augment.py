"""placeholder until merged"""

SIDE = 32  # pixels


def flipped(key, images, probability):
    return images


def shifted(key, images, most, padding):
    return images
