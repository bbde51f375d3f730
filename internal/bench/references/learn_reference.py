"""scikit-learn, XGBoost, LightGBM and openTSNE. Usage: learn_reference.py MODEL THREADS"""
import sys, warnings
import line

warnings.simplefilter("ignore")
threads = int(sys.argv[2])
import lightgbm, numpy, openTSNE, xgboost
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import TSNE
sets = {}

def rows(name, rows, labels):
    sets[name] = numpy.array(rows), numpy.array(labels)
    return {"tokens": len(rows)}

def logistic(name):
    """To the accuracy that our fit has by default."""
    return {"seconds": line.timed(LogisticRegression(tol=1e-10, max_iter=10000).fit, *sets[name])}

def boosted(name):
    x, y = sets[name]
    options = dict(objective="binary:logistic", tree_method="hist", max_depth=6, eta=0.3, nthread=threads)
    return {"seconds": line.timed(lambda: xgboost.train(options, xgboost.DMatrix(x, label=y), 100))}

def lightgbm_fit(name, **more):
    """Trees of as many leaves as a depth of 6 allows, under the same limits as the others."""
    x, y = sets[name]
    options = dict(objective="binary", max_depth=6, num_leaves=64, learning_rate=0.3, lambda_l2=1, min_data_in_leaf=1,
                   min_sum_hessian_in_leaf=1, max_bin=255, num_threads=threads, verbosity=-1, **more)
    return {"seconds": line.timed(lambda: lightgbm.train(options, lightgbm.Dataset(x, label=y), 100))}

def lightgbm_quantized(name):
    return lightgbm_fit(name, use_quantized_grad=True)

def tsne(name):
    """750 iterations as the others, 250 of them with exaggeration. scikit-learn threads its gradient by OMP_NUM_THREADS."""
    return {"seconds": line.timed(TSNE(init="pca", max_iter=750, n_jobs=threads).fit_transform, sets[name][0])}

def opentsne(name):
    return {"seconds": line.timed(openTSNE.TSNE(n_jobs=threads, random_state=0).fit, sets[name][0])}

line.serve({"rows": rows, "logistic": logistic, "boosted": boosted, "lightgbm": lightgbm_fit,
    "lightgbm_quantized": lightgbm_quantized, "tsne": tsne, "opentsne": opentsne})
