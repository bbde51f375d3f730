"""Writes tfidf.json: texts, and the terms, idf values and rows that scikit-learn's TfidfVectorizer gives for them and one
new text, for five choices of ngram_range, sublinear_tf, min_df and max_features; everything else at its defaults."""
import sklearn
from sklearn.feature_extraction.text import TfidfVectorizer

from reference import write

TEXTS = [
    "The price is too high, the price is far too high!", "We can talk about the price on Monday - 10 a.m.",
    "Émile's naïve café: ça va? ça va bien", "客户 价格 太高 a b c_d 42 x1", "",
    "Talk to me about the next step; the next step is a call", "42 ½ ²³ Ⅻ _x_ don't",
]
NEW = TEXTS + ["the price of the price is nothing new"]
cases = []
for max_gram, sublinear, min_texts, max_terms in (
    (2, False, 1, 0), (1, False, 1, 0), (3, True, 1, 0), (2, False, 2, 0), (1, False, 1, 2),
):
    v = TfidfVectorizer(ngram_range=(1, max_gram), sublinear_tf=sublinear, min_df=min_texts, max_features=max_terms or None)
    v.fit(TEXTS)
    cases.append({
        "max_gram": max_gram, "sublinear": sublinear, "min_texts": min_texts, "max_terms": max_terms,
        "terms": v.get_feature_names_out().tolist(), "idf": v.idf_.tolist(), "new": NEW, "rows": v.transform(NEW).toarray().tolist(),
    })
write("tfidf.json", {"sklearn": sklearn.__version__, "texts": TEXTS, "cases": cases}, ensure_ascii=False)
