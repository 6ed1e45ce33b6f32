"""The counts of a confusion matrix: which classes it has, in which order, and what is right."""

import pytest

from sightline_spark.shell.matrix import NONE, OTHERS, matrix_of


def test_numbers_are_in_their_own_order_and_words_behind_them() -> None:
    assert matrix_of({("10", "2"): 1, ("cat", "2"): 1}, most=9).labels == ("2", "10", "cat")


def test_rows_are_truth_and_columns_labels() -> None:
    matrix = matrix_of({("a", "a"): 3, ("a", "b"): 1}, most=9)
    assert matrix.labels == ("a", "b")
    assert matrix.counts == ((3, 1), (0, 0))
    assert matrix.accuracy == pytest.approx(0.75)


def test_the_most_frequent_classes_stay_and_the_rest_are_one() -> None:
    matrix = matrix_of({("a", "a"): 9, ("b", "b"): 5, ("c", "c"): 1, ("d", "c"): 1}, most=2)
    assert matrix.labels == ("a", "b", OTHERS)
    assert matrix.counts == ((9, 0, 0), (0, 5, 0), (0, 0, 2))


def test_what_is_among_the_rest_is_right_only_where_both_name_it() -> None:
    assert matrix_of({("a", "a"): 8, ("c", "c"): 1, ("d", "c"): 1}, most=1).accuracy == pytest.approx(0.9)


def test_an_image_without_a_label_is_wrong() -> None:
    matrix = matrix_of({("a", "a"): 1, ("a", None): 1}, most=9)
    assert matrix.labels == ("a", NONE)
    assert matrix.accuracy == pytest.approx(0.5)


def test_two_that_lack_both_are_not_right() -> None:
    assert matrix_of({(None, None): 4}, most=9).accuracy == 0


def test_of_nothing_there_is_a_matrix_too() -> None:
    matrix = matrix_of({}, most=9)
    assert matrix.labels == ()
    assert matrix.accuracy == 0
