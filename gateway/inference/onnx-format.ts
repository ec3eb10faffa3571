import protobuf from 'protobufjs';
import { GatewayError } from '../core/error.ts';
import {
  type GraphAttribute,
  type GraphTensor,
  graphContributions,
  graphInput,
  graphScore,
  type ModelGraph,
  modelBytesMax,
} from '../core/model-graph.ts';

/** The part of onnx.proto (https://github.com/onnx/onnx, Apache-2.0) that a model here needs. */
const schema = `
syntax = "proto3";
package onnx;
message ModelProto {
  int64 ir_version = 1;
  string producer_name = 2;
  GraphProto graph = 7;
  repeated OperatorSetIdProto opset_import = 8;
  repeated StringStringEntryProto metadata_props = 14;
}
message OperatorSetIdProto { string domain = 1; int64 version = 2; }
message StringStringEntryProto { string key = 1; string value = 2; }
message GraphProto {
  repeated NodeProto node = 1;
  string name = 2;
  repeated TensorProto initializer = 5;
  repeated ValueInfoProto input = 11;
  repeated ValueInfoProto output = 12;
}
message NodeProto {
  repeated string input = 1;
  repeated string output = 2;
  string op_type = 4;
  repeated AttributeProto attribute = 5;
  string domain = 7;
}
message AttributeProto {
  string name = 1;
  int64 i = 3;
  bytes s = 4;
  repeated float floats = 7;
  repeated int64 ints = 8;
  repeated bytes strings = 9;
  int32 type = 20;
}
message TensorProto {
  repeated int64 dims = 1;
  int32 data_type = 2;
  string name = 8;
  bytes raw_data = 9;
}
message ValueInfoProto { string name = 1; TypeProto type = 2; }
message TypeProto { TensorTypeProto tensor_type = 1; }
message TensorTypeProto { int32 elem_type = 1; TensorShapeProto shape = 2; }
message TensorShapeProto { repeated DimensionProto dim = 1; }
message DimensionProto { int64 dim_value = 1; string dim_param = 2; }
`;
const Model = protobuf.parse(schema, { keepCase: true }).root.lookupType('onnx.ModelProto');

/** IR 8 and opset 17 are what every runtime since 2022 reads; `ai.onnx.ml` 3 has the trees. */
const irVersion = 8;
const opset = 17;
const treesVersion = 3;
const float32 = 1;
/** AttributeProto.type, by our kinds. */
const attributeTypes = { int: 2, string: 3, floats: 6, ints: 7, strings: 8 } as const;

/** A model as the bytes of an .onnx file: the same model gives the same bytes. */
export function writeOnnx(graph: ModelGraph): Uint8Array {
  const { name, features, threshold, version, nodes, constants } = graph;
  const width = features.length;
  const message = {
    ir_version: irVersion,
    producer_name: 'wardgate',
    opset_import: [
      { domain: '', version: opset },
      { domain: 'ai.onnx.ml', version: treesVersion },
    ],
    metadata_props: [
      { key: 'features', value: features.join(' ') },
      { key: 'name', value: name },
      { key: 'threshold', value: String(threshold) },
      { key: 'version', value: version },
    ],
    graph: {
      name,
      node: nodes.map(({ operator, domain = '', inputs, outputs, attributes = {} }) => ({
        input: inputs,
        output: outputs,
        op_type: operator,
        domain,
        attribute: Object.entries(attributes).map(([key, value]) => attributeOf(key, value)),
      })),
      initializer: Object.entries(constants).map(([key, tensor]) => tensorOf(key, tensor)),
      input: [valueInfoOf(graphInput, ['rows', width])],
      output: [valueInfoOf(graphScore, ['rows']), valueInfoOf(graphContributions, ['rows', width])],
    },
  };
  const bytes = Model.encode(Model.fromObject(message)).finish();
  if (bytes.length > modelBytesMax) {
    throw new RangeError(`${name}: ${bytes.length} bytes are more than ${modelBytesMax}`);
  }
  return bytes;
}

function attributeOf(name: string, { kind, value }: GraphAttribute): object {
  const common = { name, type: attributeTypes[kind] };
  switch (kind) {
    case 'int':
      return { ...common, i: value };
    case 'ints':
      return { ...common, ints: value };
    case 'floats':
      return { ...common, floats: value };
    case 'string':
      return { ...common, s: Buffer.from(value) };
    case 'strings':
      return { ...common, strings: value.map((each) => Buffer.from(each)) };
  }
}

/** ONNX keeps raw figures in little-endian order. */
function tensorOf(name: string, { shape, values }: GraphTensor): object {
  const raw = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) raw.writeFloatLE(value, index * 4);
  return { name, dims: shape, data_type: float32, raw_data: raw };
}

function valueInfoOf(name: string, shape: readonly (string | number)[]): object {
  const dim = shape.map((each) =>
    typeof each === 'string' ? { dim_param: each } : { dim_value: each },
  );
  return { name, type: { tensor_type: { elem_type: float32, shape: { dim } } } };
}

/** What a model’s file says of itself. */
export interface ModelStatement {
  readonly name: string;
  readonly version: string;
  readonly features: readonly string[];
  readonly threshold: number;
}

/**
 * Reads what a model says of itself, without running it.
 *
 * @throws GatewayError `model-refused` where it is not of the form this gateway writes.
 */
export function readStatement(bytes: Uint8Array): ModelStatement {
  const refuse = (detail: string, cause?: unknown): never => {
    throw new GatewayError('model-refused', detail, { cause });
  };
  if (bytes.length > modelBytesMax) return refuse(`${bytes.length} bytes`);
  let model: Record<string, unknown>;
  try {
    model = Model.toObject(Model.decode(bytes), { longs: Number });
  } catch (cause) {
    return refuse('no ONNX model', cause);
  }
  const { metadata_props: props = [], graph } = model as unknown as DecodedModel;
  const said = new Map(props.map(({ key, value }) => [key, value]));
  const features = said.get('features')?.split(' ') ?? [];
  const threshold = Number(said.get('threshold') ?? Number.NaN);
  const [name, version] = [said.get('name'), said.get('version')];
  const width = graph?.input?.[0]?.type?.tensor_type?.shape?.dim?.[1]?.dim_value;
  if (!name || !version || !(threshold > 0) || width !== features.length) {
    return refuse('it does not say what it is for');
  }
  return { name, version, features, threshold };
}

interface DecodedModel {
  readonly metadata_props?: readonly { readonly key: string; readonly value: string }[];
  readonly graph?: {
    readonly input?: readonly {
      readonly type?: {
        readonly tensor_type?: {
          readonly shape?: { readonly dim?: readonly { readonly dim_value?: number }[] };
        };
      };
    }[];
  };
}
