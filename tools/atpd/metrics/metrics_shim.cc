#include "tools/atpd/metrics/metrics_shim.h"

#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include <prometheus/client_metric.h>
#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

struct atp_exposition {
    std::vector<prometheus::MetricFamily> families;
    bool failed = false;
};

namespace
{

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricType type_of(atp_exposition_kind_t kind)
{
    switch (kind) {
    case ATP_EXPOSITION_COUNTER:
        return MetricType::Counter;
    case ATP_EXPOSITION_GAUGE:
        return MetricType::Gauge;
    case ATP_EXPOSITION_HISTOGRAM:
        return MetricType::Histogram;
    }
    return MetricType::Untyped;
}

/* Runs `work` on the last family. The callers are C: an exception ends here, and the text becomes NULL. */
template <typename Work> void with_family(atp_exposition_t *sink, Work work)
{
    if (sink->failed || sink->families.empty()) {
        sink->failed = true;
        return;
    }
    try {
        work(sink->families.back());
    } catch (const std::exception &) {
        sink->failed = true;
    }
}

class Tables : public prometheus::Collectable
{
  public:
    Tables(void (*collect)(void *context, atp_exposition_t *sink), void *context)
        : collect_(collect), context_(context)
    {
    }

    std::vector<MetricFamily> Collect() const override
    {
        atp_exposition sink;
        collect_(context_, &sink);
        if (sink.failed) {
            throw std::bad_alloc();
        }
        return std::move(sink.families);
    }

  private:
    void (*collect_)(void *context, atp_exposition_t *sink);
    void *context_;
};

} // namespace

void atp_exposition_family(atp_exposition_t *sink, const char *name, const char *help,
                           atp_exposition_kind_t kind)
{
    if (sink->failed) {
        return;
    }
    try {
        MetricFamily family;
        family.name = name;
        family.help = help;
        family.type = type_of(kind);
        sink->families.push_back(std::move(family));
    } catch (const std::exception &) {
        sink->failed = true;
    }
}

void atp_exposition_sample(atp_exposition_t *sink, const atp_exposition_label_t *labels, size_t label_count,
                           double value)
{
    with_family(sink, [&](MetricFamily &family) {
        ClientMetric metric;
        for (size_t i = 0; i < label_count; i++) {
            metric.label.push_back({labels[i].name, labels[i].value});
        }
        metric.counter.value = value; /* the serialiser reads the one that fits the type of the family */
        metric.gauge.value = value;
        family.metric.push_back(std::move(metric));
    });
}

void atp_exposition_histogram(atp_exposition_t *sink, const atp_exposition_bucket_t *buckets,
                              size_t bucket_count, uint64_t count, double sum)
{
    with_family(sink, [&](MetricFamily &family) {
        ClientMetric metric;
        metric.histogram.sample_count = count;
        metric.histogram.sample_sum = sum;
        for (size_t i = 0; i < bucket_count; i++) {
            metric.histogram.bucket.push_back({buckets[i].cumulative_count, buckets[i].upper_bound});
        }
        family.metric.push_back(std::move(metric));
    });
}

char *atp_exposition_text(void (*collect)(void *context, atp_exposition_t *sink), void *context,
                          size_t *ret_size)
{
    try {
        const Tables tables(collect, context);
        const std::string text = prometheus::TextSerializer().Serialize(tables.Collect());
        char *copy = static_cast<char *>(std::malloc(text.size() + 1));
        if (copy == nullptr) {
            return nullptr;
        }
        std::memcpy(copy, text.c_str(), text.size() + 1);
        *ret_size = text.size();
        return copy;
    } catch (const std::exception &) {
        return nullptr;
    }
}
