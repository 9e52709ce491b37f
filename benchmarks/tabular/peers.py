"""One small factory for each model; all of them take a raw table and keep their defaults.

Only the seed, the number of threads and what silences a library are set.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Setting:
    """What a model is told before it sees the data.

    Attributes
    ----------
    task
        ``"classification"``, whose classes are 0, 1, 2 and so on, or ``"regression"``.
    categories
        The columns that are not numbers.
    """

    task: str
    seed: int
    threads: int
    categories: tuple[str, ...]

    def choose(self, classifier, regressor):
        """Whichever fits the task."""
        return classifier if self.task == "classification" else regressor


@dataclass(frozen=True)
class Model:
    """A model's name, the package whose version is recorded, and its factory."""

    name: str
    package: str
    make: Callable[[Setting], object]


def make_constant(setting: Setting):
    from sklearn.dummy import DummyClassifier, DummyRegressor

    return setting.choose(DummyClassifier, DummyRegressor)()


def make_linear(setting: Setting):
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline

    from benchmarks.tabular.preparation import only_numbers

    model = setting.choose(LogisticRegression, Ridge)
    return make_pipeline(only_numbers(), model(random_state=setting.seed))


def make_sklearn_mlp(setting: Setting):
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from benchmarks.tabular.preparation import only_numbers

    if setting.task == "classification":
        return make_pipeline(only_numbers(), MLPClassifier(random_state=setting.seed))
    model = make_pipeline(only_numbers(), MLPRegressor(random_state=setting.seed))
    return TransformedTargetRegressor(model, transformer=StandardScaler())


def make_histgb(setting: Setting):
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.pipeline import make_pipeline

    from benchmarks.tabular.preparation import NativeCategories

    model = setting.choose(HistGradientBoostingClassifier, HistGradientBoostingRegressor)
    return make_pipeline(NativeCategories(), model(random_state=setting.seed))


def make_random_forest(setting: Setting):
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
    from sklearn.pipeline import make_pipeline

    from benchmarks.tabular.preparation import only_numbers

    model = setting.choose(RandomForestClassifier, RandomForestRegressor)
    return make_pipeline(only_numbers(), model(random_state=setting.seed, n_jobs=setting.threads))


def make_xgboost(setting: Setting):
    from sklearn.pipeline import make_pipeline
    from xgboost import XGBClassifier, XGBRegressor

    from benchmarks.tabular.preparation import NativeCategories

    model = setting.choose(XGBClassifier, XGBRegressor)(
        random_state=setting.seed, n_jobs=setting.threads, enable_categorical=True, verbosity=0
    )
    return make_pipeline(NativeCategories(), model)


def make_lightgbm(setting: Setting):
    from lightgbm import LGBMClassifier, LGBMRegressor
    from sklearn.pipeline import make_pipeline

    from benchmarks.tabular.preparation import NativeCategories

    model = setting.choose(LGBMClassifier, LGBMRegressor)(
        random_state=setting.seed, n_jobs=setting.threads, verbosity=-1
    )
    return make_pipeline(NativeCategories(), model)


def make_catboost(setting: Setting):
    from catboost import CatBoostClassifier, CatBoostRegressor
    from sklearn.pipeline import make_pipeline

    from benchmarks.tabular.preparation import strings

    model = setting.choose(CatBoostClassifier, CatBoostRegressor)(
        random_seed=setting.seed,
        thread_count=setting.threads,
        cat_features=list(setting.categories),
        verbose=0,
        allow_writing_files=False,
    )
    return make_pipeline(strings(), model)


def make_realmlp(setting: Setting):
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    return from_pytabkit(setting, RealMLP_TD_Classifier, RealMLP_TD_Regressor)


def make_tabm(setting: Setting):
    from pytabkit import TabM_D_Classifier, TabM_D_Regressor

    return from_pytabkit(setting, TabM_D_Classifier, TabM_D_Regressor)


def from_pytabkit(setting: Setting, classifier, regressor):
    from sklearn.pipeline import make_pipeline

    from benchmarks.tabular.preparation import no_missing_numbers

    model = setting.choose(classifier, regressor)(
        random_state=setting.seed, n_threads=setting.threads, device="cpu", verbosity=0
    )
    return make_pipeline(no_missing_numbers(), model)


def make_ours(setting: Setting):
    from layerwise import Classifier, Regressor

    return setting.choose(Classifier, Regressor)(random_state=setting.seed)


def make_ours_fast(setting: Setting):
    from layerwise import Classifier, Regressor

    return setting.choose(Classifier, Regressor)(preset="fast", random_state=setting.seed)


def make_ours_best(setting: Setting):
    from layerwise import Classifier, Regressor

    return setting.choose(Classifier, Regressor)(preset="best", random_state=setting.seed)


OURS = "layerwise"
CONSTANT = "constant"
LINEAR = "linear"
MLP = "sklearn mlp"
CATBOOST = "catboost"

MODELS = {
    model.name: model
    for model in (
        Model(CONSTANT, "scikit-learn", make_constant),
        Model(OURS, "layerwise", make_ours),
        Model("layerwise fast", "layerwise", make_ours_fast),
        Model("layerwise best", "layerwise", make_ours_best),
        Model(CATBOOST, "catboost", make_catboost),
        Model(LINEAR, "scikit-learn", make_linear),
        Model(MLP, "scikit-learn", make_sklearn_mlp),
        Model("histgb", "scikit-learn", make_histgb),
        Model("random forest", "scikit-learn", make_random_forest),
        Model("xgboost", "xgboost", make_xgboost),
        Model("lightgbm", "lightgbm", make_lightgbm),
        Model("realmlp", "pytabkit", make_realmlp),
        Model("tabm", "pytabkit", make_tabm),
    )
}
FAST_PEERS = (
    CONSTANT,
    CATBOOST,
    LINEAR,
    MLP,
    "histgb",
    "random forest",
    "xgboost",
    "lightgbm",
)
