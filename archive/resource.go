package archive

import (
	"cmp"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

const (
	// ReplayAttribute is the attribute of a replayed resource. Its value names the replay.
	ReplayAttribute = "telepod.replay"

	// folderAttribute is the attribute by which the central site's configuration chooses the archive's folder.
	// It is still on archived resources; the sender never set it.
	folderAttribute = "telemetry.archive.prefix"
)

// origin is the source of a resource, according to its attributes.
type origin struct {
	cloud, region, service string
	replay                 string // name of the replay that it came from; "" for none
}

// origin reads the attributes of a resource leniently: invalid UTF-8 is not an error, as in Collectors, and the
// first of several equal keys counts.
func (g group) origin() (origin, error) {
	values := map[string]string{}
	err := eachField(g.resource, func(f field) error {
		if !f.is(pairField) {
			return nil
		}
		key, value, err := pair(f.value)
		switch key {
		case "cloud.provider", "cloud.region", "service.name", ReplayAttribute:
			if _, repeated := values[key]; !repeated && err == nil {
				values[key] = value
			}
		}
		return err
	})
	return origin{
		cloud:   cmp.Or(values["cloud.provider"], Unknown),
		region:  cmp.Or(values["cloud.region"], Unknown),
		service: cmp.Or(values["service.name"], Unknown),
		replay:  values[ReplayAttribute],
	}, err
}

// pair reads a KeyValue: the key is field 1, the value field 2; a string value is field 1 of that.
func pair(message []byte) (key, value string, err error) {
	err = eachField(message, func(f field) error {
		if f.is(1) {
			key = string(f.value)
		}
		if !f.is(2) {
			return nil
		}
		return eachField(f.value, func(f field) error {
			if f.is(1) {
				value = string(f.value)
			}
			return nil
		})
	})
	return key, value, err
}

// cleaned returns the group without the attributes that archiving and earlier replays added, and with the mark,
// unless it is empty.
func (g group) cleaned(mark string) (group, error) {
	var resource []byte
	err := eachField(g.resource, func(f field) error {
		if f.is(pairField) {
			key, _, err := pair(f.value)
			if err != nil || key == folderAttribute || key == ReplayAttribute {
				return err
			}
		}
		resource = append(resource, f.raw...)
		return nil
	})
	if err != nil || mark == "" {
		g.resource = resource
		return g, err
	}
	attribute, err := proto.Marshal(&common.KeyValue{
		Key: ReplayAttribute, Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: mark}},
	})
	g.resource = protowire.AppendBytes(protowire.AppendTag(resource, pairField, protowire.BytesType), attribute)
	return g, err
}
