"""What a user of sentence-transformers would do with calls, for examples/internal/quality, which documents input and output.

Arguments: the directory of the model, threads, and numbers of epochs of fine-tuning, 0 being none. A call is one text, of
which the model reads the first 256 tokens. It is used as it is, or fine-tuned by their trainer as their manual has it for
labels: hard triplets of the batch, batches with as many of each label.
"""
import json, os, sys, tempfile, time, warnings

os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
out, sys.stdout = sys.stdout, sys.stderr  # libraries print to standard output
warnings.simplefilter("ignore")
import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.base.sampler import BatchSamplers
from sentence_transformers.sentence_transformer.losses import BatchHardSoftMarginTripletLoss
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

directory, threads, *epochs = sys.argv[1:]
asked = json.load(sys.stdin)
torch.set_num_threads(int(threads))


def load():
    model = SentenceTransformer(directory, device="cpu", model_kwargs={"dtype": torch.float32})
    model.max_seq_length = 256
    return model


def tuned(epochs):
    model = load()
    with tempfile.TemporaryDirectory() as scratch:
        SentenceTransformerTrainer(
            model=model, loss=BatchHardSoftMarginTripletLoss(model),
            train_dataset=Dataset.from_dict({"sentence": asked["train"], "label": asked["labels"]}),
            args=SentenceTransformerTrainingArguments(
                output_dir=scratch, num_train_epochs=epochs, per_device_train_batch_size=16, learning_rate=2e-5,
                warmup_steps=0.1, batch_sampler=BatchSamplers.GROUP_BY_LABEL, seed=asked["seed"], use_cpu=True,
                save_strategy="no", logging_strategy="no", report_to="none", disable_tqdm=True)).train()
    return model


methods = []
for n in map(int, epochs):
    start = time.perf_counter()
    model = tuned(n) if n > 0 else load()
    train, test = (model.encode(asked[part], show_progress_bar=False) for part in ("train", "test"))
    seconds = time.perf_counter() - start
    for head, classifier in {
        "C = 1": LogisticRegression(max_iter=10000),
        "standardised, C = 0.01": make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=10000)),
    }.items():
        probability = classifier.fit(train, asked["labels"]).predict_proba(test)[:, 1]
        methods.append({"name": f"sentence-transformers, {n} epochs; {head}", "probability": probability.tolist(), "seconds": seconds})
json.dump(methods, out)
