"""Writes xgboost.json.gz, rows (null: missing) with the options, predictions and gains of eight models of XGBoost on one
thread, and the models as XGBoost saves them: xgb_METHOD_NUMBER.json.gz, the first of each method as .ubj.gz too."""
import xgboost as xgb

from reference import with_null, write, write_bytes
from make_logistic import sample

ROUNDS = 30
SETTINGS = [
    dict(max_depth=4, eta=0.3, reg_lambda=1.0),
    dict(max_depth=6, eta=0.1, reg_lambda=2.0, reg_alpha=0.5, gamma=0.3, min_child_weight=3),
    dict(max_depth=3, eta=0.2, scale_pos_weight=2.5, max_delta_step=1),
    dict(grow_policy="lossguide", max_leaves=12, max_depth=0, eta=0.2),
    dict(max_depth=3, eta=0.3, monotone_constraints="(" + ",".join(["1", "-1"] + ["0"] * 30) + ")"),
]
_, y, weight, _, x, test = sample()
models = []
for method, settings in ("exact", SETTINGS[:3]), ("hist", SETTINGS):
    for i, params in enumerate(settings):
        fixed = dict(objective="binary:logistic", tree_method=method, base_score=0.5, seed=0, nthread=1, max_bin=256)
        b = xgb.train(dict(params, **fixed), xgb.DMatrix(x, label=y, weight=weight), ROUNDS)
        name = f"xgb_{method}_{i}"
        write_bytes(name + ".json.gz", b.save_raw("json"))
        if i == 0:
            write_bytes(name + ".ubj.gz", b.save_raw("ubj"))
        d = xgb.DMatrix(test)
        models.append({
            "file": name + ".json", "tree_method": method, "params": params, "rounds": ROUNDS,
            "proba_test": b.predict(d).astype(float).tolist(),
            "margin_test": b.predict(d, output_margin=True).astype(float).tolist(),
            "gain": b.get_score(importance_type="gain"),
        })
write("xgboost.json.gz", {
    "X": with_null(x), "y": y.tolist(), "weight": weight.tolist(), "Xtest": with_null(test), "models": models,
})
