"""What do CLAIM 2024 and TRIPOD+AI ask of a report, in short words of our own?

CLAIM 2024: Tejani et al. 2024, Radiology: Artificial Intelligence 6(4):e240300, 44 items. TRIPOD+AI: Collins
et al. 2024, BMJ 385:e078378, 27 items with 52 parts; numbers and facts by its expanded checklist (CC BY 4.0),
tripod-statement.org. The numbers are theirs, the words ours: read the originals.
"""

from typing import NamedTuple


class Item(NamedTuple):
    """An item: its number, what is asked, and which answer of `checklist_answers` fills it (empty: none).

    `only` is D where it asks of development alone, E where of the evaluation of a given model alone.
    """

    number: str
    asked: str
    answer: str = ""
    only: str = ""


CLAIM: tuple[Item, ...] = (
    Item("1", "Title says that AI is used, and which kind"),
    Item("2", "Structured summary"),
    Item("3", "Background, intended use, role of the AI"),
    Item("4", "Aims and hypotheses"),
    Item("5", "Prospective or retrospective"),
    Item("6", "Goal of the study"),
    Item("7", "Where the data come from"),
    Item("8", "Who was included and excluded"),
    Item("9", "Preprocessing of the data", "preprocessing"),
    Item("10", "Subsets of the data, and how chosen", "subsets"),
    Item("11", "De-identification of the study's data"),
    Item("12", "What was done about missing data", "missing"),
    Item("13", "Acquisition of the images", "modality"),
    Item("14", "Reference standard, how obtained", "label"),
    Item("15", "Why this reference standard"),
    Item("16", "Who annotated, with which qualification"),
    Item("17", "How the test data were annotated"),
    Item("18", "Agreement between and within annotators"),
    Item("19", "How data were assigned to the parts", "split"),
    Item("20", "Level on which the parts are disjoint", "disjoint"),
    Item("21", "Sample size, and how it was planned", "size"),
    Item("22", "The model, in detail", "network"),
    Item("23", "Software and versions", "software"),
    Item("24", "What the weights start from", "start"),
    Item("25", "Training: augmentation, settings, duration", "training"),
    Item("26", "How the final model was chosen", "choosing"),
    Item("27", "Ensembles", "ensemble"),
    Item("28", "Measures of performance", "measures"),
    Item("29", "Uncertainty and tests", "interval"),
    Item("30", "Robustness and sensitivity", "robust"),
    Item("31", "Explanations and their check", "saliency"),
    Item("32", "Test on internal data", "headline"),
    Item("33", "Test on external data"),
    Item("34", "Registration of a trial"),
    Item("35", "Numbers included and excluded", "flow"),
    Item("36", "Demography and disease in each part", "people"),
    Item("37", "Performance with its uncertainty", "headline"),
    Item("38", "Diagnostic accuracy with its precision", "decisions"),
    Item("39", "Analysis of failures", "failures"),
    Item("40", "Limits of the study", "notes"),
    Item("41", "What it means for practice"),
    Item("42", "Protocol and further technical details", "recipe"),
    Item("43", "Availability of software, model and data", "availability"),
    Item("44", "Funding and the funders' role"),
)

TRIPOD: tuple[Item, ...] = (
    Item("1", "Title: developing or evaluating a model, its target population, the outcome"),
    Item("2", "Abstract as TRIPOD+AI for Abstracts asks"),
    Item("3a", "Diagnosis or prognosis, why this model, earlier models"),
    Item("3b", "Target population, purpose in the care pathway, intended users"),
    Item("3c", "Known health inequalities between groups"),
    Item("4", "Objectives: development, evaluation or both", "purpose"),
    Item("5a", "Sources of the data, why these, whom they represent"),
    Item("5b", "Dates: first and last participant, end of follow-up"),
    Item("6a", "Setting; number and place of the centres"),
    Item("6b", "Eligibility"),
    Item("6c", "Treatments, and how they were handled"),
    Item("7", "Preparation and quality checks of the data, alike in all groups?", "prepared"),
    Item("8a", "Outcome: definition, when and how assessed, why this one, alike in all groups?", "label"),
    Item("8b", "Who judged the outcome: qualification, demography"),
    Item("8c", "Blinding of those who judged the outcome"),
    Item("9a", "How the first predictors were chosen", "predictors", "D"),
    Item("9b", "Predictors: definition, how and when measured, blinding", "measured"),
    Item("9c", "Who judged the predictors: qualification, demography"),
    Item("10", "Sample size of development and evaluation, and why it suffices", "size"),
    Item("11", "Missing data; why data were left out", "missing"),
    Item("12a", "Use of the data: which parts for what", "split", "D"),
    Item("12b", "Form of the predictors: rescaled, transformed, standardised", "preprocessing", "D"),
    Item("12c", "Type of model, why, building, tuning, internal validation", "building", "D"),
    Item("12d", "Differences between clusters (hospitals, countries): how measured", "clusters"),
    Item("12e", "Measures and plots of performance; how models are compared", "measures"),
    Item("12f", "Updating of a given model after its evaluation", only="E"),
    Item("12g", "How a given model's predictions were calculated", only="E"),
    Item("13", "Imbalance of classes: what was done, and recalibration after it", "imbalance"),
    Item("14", "Fairness: what was done for it, and why"),
    Item("15", "What the model gives out; thresholds, and where they come from", "output", "D"),
    Item("16", "Differences between the data of development and evaluation", "differences"),
    Item("17", "Ethics approval and consent"),
    Item("18a", "Funding and the funders' role"),
    Item("18b", "Conflicts of interest"),
    Item("18c", "Protocol: where, or that there is none"),
    Item("18d", "Registration, or that there is none"),
    Item("18e", "Availability of the data"),
    Item("18f", "Availability of the code", "code"),
    Item("19", "Patients and public: how involved, or not"),
    Item("20a", "Flow of participants, with and without the outcome", "flow"),
    Item("20b", "Characteristics, overall and by source", "people"),
    Item("20c", "Comparison of the evaluation's participants with the development's", only="E"),
    Item("21", "Participants and events in each analysis", "events"),
    Item("22", "The whole model, so that others can use it; limits of access", "whole", "D"),
    Item("23a", "Performance with intervals, in key subgroups too", "subgroups"),
    Item("23b", "Differences in performance between clusters", "clusters"),
    Item("24", "A given model's update and how it then performs", only="E"),
    Item("25", "Interpretation, fairness included"),
    Item("26", "Limits and their effect", "notes"),
    Item("27a", "Poor or missing input in use: how found and handled", only="D"),
    Item("27b", "What users must do, and the expertise they need", only="D"),
    Item("27c", "Next steps of research"),
)
