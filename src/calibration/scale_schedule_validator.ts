/** Built from data/scale_schedule.schema.json by `deno task build:schema`; do not edit. @module */
// deno-fmt-ignore-file
// deno-lint-ignore-file
// @ts-nocheck: Ajv writes JavaScript.

/** A breach of the schema, as Ajv tells it. */
export interface SchemaBreach {
  /** Where, as a JSON pointer. */
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** Tells whether a value fits the schema; if not, `errors` holds the first breach. */
export const validate: {
  (value: unknown): boolean;
  readonly errors?: readonly SchemaBreach[] | null;
} = validate10;

const schema11 = {"type":"object","required":["format","version","imageShape","machine","padding","noiseSchedule","metric","aggregate","candidates","labels","steps","provenance"],"additionalProperties":false,"properties":{"$schema":{"type":"string"},"format":{"const":"els-scale-schedule"},"version":{"const":1},"imageShape":{"type":"array","items":{"type":"integer","minimum":1},"minItems":3,"maxItems":3},"machine":{"type":"string","minLength":1},"padding":{"enum":["zeros","circular"]},"noiseSchedule":{"type":"object","required":["name","parameters"],"additionalProperties":false,"properties":{"name":{"type":"string","minLength":1},"parameters":{"type":"object","additionalProperties":{"type":["number","string","array"],"items":{"type":"number"}}}}},"metric":{"type":"string","minLength":1},"aggregate":{"enum":["median","mode"]},"candidates":{"type":"array","items":{"type":"integer","minimum":1},"minItems":1},"labels":{"type":["array","null"],"items":{"type":"integer","minimum":0}},"timeGrid":{"type":"string","minLength":1},"steps":{"type":"array","minItems":1,"items":{"type":"object","required":["step","t","signal","sigma","patchSize","perSample","similarity"],"additionalProperties":false,"properties":{"step":{"type":"integer","minimum":1},"t":{"type":"number","exclusiveMinimum":0,"maximum":1},"signal":{"type":"number","minimum":0},"sigma":{"type":"number","exclusiveMinimum":0},"patchSize":{"type":"integer"},"perSample":{"type":"array","items":{"type":"integer"}},"certainty":{"type":"number","minimum":0,"maximum":1},"images":{"type":"integer","minimum":1},"similarity":{"type":"array","items":{"type":"array","items":{"type":["number","null"]}}}}}},"refinement":{"type":"object","required":["measure","samples","start","startScore","score","trials"],"properties":{"measure":{"type":"string"},"sampler":{"type":"string"},"grid":{"type":"string"},"networkSteps":{"type":"integer","minimum":1},"seed":{"type":["integer","null"],"minimum":0},"samples":{"type":"integer","minimum":1},"labels":{"type":["array","null"],"items":{"type":"integer","minimum":0}},"start":{"type":"array","items":{"type":"integer"}},"startScore":{"type":"number"},"score":{"type":"number"},"trials":{"type":"array","items":{"type":"object","required":["pass","step","patchSize","score","perSample","accepted"],"properties":{"pass":{"type":"integer","minimum":1},"step":{"type":"integer","minimum":1},"patchSize":{"type":"integer","minimum":1},"score":{"type":"number"},"perSample":{"type":"array","items":{"type":"number"}},"accepted":{"type":"boolean"}}}}}},"provenance":{"type":"object","required":["toolkit","runtime","seed","config"],"properties":{"toolkit":{"type":"string"},"runtime":{"type":"string"},"networkBackend":{"type":"string"},"machineBackend":{"type":"string"},"seed":{"type":"integer","minimum":0},"dataset":{"type":"object","required":["name","split","images","sha256"],"properties":{"name":{"type":"string"},"split":{"type":"string"},"images":{"type":"integer","minimum":1},"classes":{"type":"array","items":{"type":"integer","minimum":0}},"sha256":{"$ref":"#/definitions/sha256"}}},"network":{"type":"object","required":["name","sha256","architecture"],"properties":{"name":{"type":"string"},"sha256":{"$ref":"#/definitions/sha256"},"architecture":{"type":"object"}}},"config":{"type":"object"}}},"edited":{"const":true},"checksum":{"type":"string","pattern":"^crc32:[0-9a-f]{8}$"}},"definitions":{"sha256":{"type":"string","pattern":"^[0-9a-f]{64}$"}}};
const schema12 = {"type":"string","pattern":"^[0-9a-f]{64}$"};
const func2 = Object.prototype.hasOwnProperty;
const pattern0 = new RegExp("^[0-9a-f]{64}$", "u");
const pattern2 = new RegExp("^crc32:[0-9a-f]{8}$", "u");

function validate10(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(errors === 0){
if(data && typeof data == "object" && !Array.isArray(data)){
let missing0;
if(((((((((((((data.format === undefined) && (missing0 = "format")) || ((data.version === undefined) && (missing0 = "version"))) || ((data.imageShape === undefined) && (missing0 = "imageShape"))) || ((data.machine === undefined) && (missing0 = "machine"))) || ((data.padding === undefined) && (missing0 = "padding"))) || ((data.noiseSchedule === undefined) && (missing0 = "noiseSchedule"))) || ((data.metric === undefined) && (missing0 = "metric"))) || ((data.aggregate === undefined) && (missing0 = "aggregate"))) || ((data.candidates === undefined) && (missing0 = "candidates"))) || ((data.labels === undefined) && (missing0 = "labels"))) || ((data.steps === undefined) && (missing0 = "steps"))) || ((data.provenance === undefined) && (missing0 = "provenance"))){
validate10.errors = [{instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: missing0},message:"must have required property '"+missing0+"'"}];
return false;
}
else {
const _errs1 = errors;
for(const key0 in data){
if(!(func2.call(schema11.properties, key0))){
validate10.errors = [{instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs1 === errors){
if(data.$schema !== undefined){
const _errs2 = errors;
if(typeof data.$schema !== "string"){
validate10.errors = [{instancePath:instancePath+"/$schema",schemaPath:"#/properties/%24schema/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid0 = _errs2 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.format !== undefined){
const _errs4 = errors;
if("els-scale-schedule" !== data.format){
validate10.errors = [{instancePath:instancePath+"/format",schemaPath:"#/properties/format/const",keyword:"const",params:{allowedValue: "els-scale-schedule"},message:"must be equal to constant"}];
return false;
}
var valid0 = _errs4 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.version !== undefined){
const _errs5 = errors;
if(1 !== data.version){
validate10.errors = [{instancePath:instancePath+"/version",schemaPath:"#/properties/version/const",keyword:"const",params:{allowedValue: 1},message:"must be equal to constant"}];
return false;
}
var valid0 = _errs5 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.imageShape !== undefined){
let data3 = data.imageShape;
const _errs6 = errors;
if(errors === _errs6){
if(Array.isArray(data3)){
if(data3.length > 3){
validate10.errors = [{instancePath:instancePath+"/imageShape",schemaPath:"#/properties/imageShape/maxItems",keyword:"maxItems",params:{limit: 3},message:"must NOT have more than 3 items"}];
return false;
}
else {
if(data3.length < 3){
validate10.errors = [{instancePath:instancePath+"/imageShape",schemaPath:"#/properties/imageShape/minItems",keyword:"minItems",params:{limit: 3},message:"must NOT have fewer than 3 items"}];
return false;
}
else {
var valid1 = true;
const len0 = data3.length;
for(let i0=0; i0<len0; i0++){
let data4 = data3[i0];
const _errs8 = errors;
if(!(((typeof data4 == "number") && (!(data4 % 1) && !isNaN(data4))) && (isFinite(data4)))){
validate10.errors = [{instancePath:instancePath+"/imageShape/" + i0,schemaPath:"#/properties/imageShape/items/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs8){
if((typeof data4 == "number") && (isFinite(data4))){
if(data4 < 1 || isNaN(data4)){
validate10.errors = [{instancePath:instancePath+"/imageShape/" + i0,schemaPath:"#/properties/imageShape/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
var valid1 = _errs8 === errors;
if(!valid1){
break;
}
}
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/imageShape",schemaPath:"#/properties/imageShape/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid0 = _errs6 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.machine !== undefined){
let data5 = data.machine;
const _errs10 = errors;
if(errors === _errs10){
if(typeof data5 === "string"){
if(data5.length < 1){
validate10.errors = [{instancePath:instancePath+"/machine",schemaPath:"#/properties/machine/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"}];
return false;
}
}
else {
validate10.errors = [{instancePath:instancePath+"/machine",schemaPath:"#/properties/machine/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid0 = _errs10 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.padding !== undefined){
let data6 = data.padding;
const _errs12 = errors;
if(!((data6 === "zeros") || (data6 === "circular"))){
validate10.errors = [{instancePath:instancePath+"/padding",schemaPath:"#/properties/padding/enum",keyword:"enum",params:{allowedValues: schema11.properties.padding.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid0 = _errs12 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.noiseSchedule !== undefined){
let data7 = data.noiseSchedule;
const _errs13 = errors;
if(errors === _errs13){
if(data7 && typeof data7 == "object" && !Array.isArray(data7)){
let missing1;
if(((data7.name === undefined) && (missing1 = "name")) || ((data7.parameters === undefined) && (missing1 = "parameters"))){
validate10.errors = [{instancePath:instancePath+"/noiseSchedule",schemaPath:"#/properties/noiseSchedule/required",keyword:"required",params:{missingProperty: missing1},message:"must have required property '"+missing1+"'"}];
return false;
}
else {
const _errs15 = errors;
for(const key1 in data7){
if(!((key1 === "name") || (key1 === "parameters"))){
validate10.errors = [{instancePath:instancePath+"/noiseSchedule",schemaPath:"#/properties/noiseSchedule/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key1},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs15 === errors){
if(data7.name !== undefined){
let data8 = data7.name;
const _errs16 = errors;
if(errors === _errs16){
if(typeof data8 === "string"){
if(data8.length < 1){
validate10.errors = [{instancePath:instancePath+"/noiseSchedule/name",schemaPath:"#/properties/noiseSchedule/properties/name/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"}];
return false;
}
}
else {
validate10.errors = [{instancePath:instancePath+"/noiseSchedule/name",schemaPath:"#/properties/noiseSchedule/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid2 = _errs16 === errors;
}
else {
var valid2 = true;
}
if(valid2){
if(data7.parameters !== undefined){
let data9 = data7.parameters;
const _errs18 = errors;
if(errors === _errs18){
if(data9 && typeof data9 == "object" && !Array.isArray(data9)){
for(const key2 in data9){
let data10 = data9[key2];
const _errs21 = errors;
if(((!((typeof data10 == "number") && (isFinite(data10)))) && (typeof data10 !== "string")) && (!(Array.isArray(data10)))){
validate10.errors = [{instancePath:instancePath+"/noiseSchedule/parameters/" + key2.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/noiseSchedule/properties/parameters/additionalProperties/type",keyword:"type",params:{type: schema11.properties.noiseSchedule.properties.parameters.additionalProperties.type},message:"must be number,string,array"}];
return false;
}
if(errors === _errs21){
if(Array.isArray(data10)){
var valid4 = true;
const len1 = data10.length;
for(let i1=0; i1<len1; i1++){
let data11 = data10[i1];
const _errs23 = errors;
if(!((typeof data11 == "number") && (isFinite(data11)))){
validate10.errors = [{instancePath:instancePath+"/noiseSchedule/parameters/" + key2.replace(/~/g, "~0").replace(/\//g, "~1")+"/" + i1,schemaPath:"#/properties/noiseSchedule/properties/parameters/additionalProperties/items/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
var valid4 = _errs23 === errors;
if(!valid4){
break;
}
}
}
}
var valid3 = _errs21 === errors;
if(!valid3){
break;
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/noiseSchedule/parameters",schemaPath:"#/properties/noiseSchedule/properties/parameters/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid2 = _errs18 === errors;
}
else {
var valid2 = true;
}
}
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/noiseSchedule",schemaPath:"#/properties/noiseSchedule/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs13 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.metric !== undefined){
let data12 = data.metric;
const _errs25 = errors;
if(errors === _errs25){
if(typeof data12 === "string"){
if(data12.length < 1){
validate10.errors = [{instancePath:instancePath+"/metric",schemaPath:"#/properties/metric/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"}];
return false;
}
}
else {
validate10.errors = [{instancePath:instancePath+"/metric",schemaPath:"#/properties/metric/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid0 = _errs25 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.aggregate !== undefined){
let data13 = data.aggregate;
const _errs27 = errors;
if(!((data13 === "median") || (data13 === "mode"))){
validate10.errors = [{instancePath:instancePath+"/aggregate",schemaPath:"#/properties/aggregate/enum",keyword:"enum",params:{allowedValues: schema11.properties.aggregate.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid0 = _errs27 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.candidates !== undefined){
let data14 = data.candidates;
const _errs28 = errors;
if(errors === _errs28){
if(Array.isArray(data14)){
if(data14.length < 1){
validate10.errors = [{instancePath:instancePath+"/candidates",schemaPath:"#/properties/candidates/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"}];
return false;
}
else {
var valid5 = true;
const len2 = data14.length;
for(let i2=0; i2<len2; i2++){
let data15 = data14[i2];
const _errs30 = errors;
if(!(((typeof data15 == "number") && (!(data15 % 1) && !isNaN(data15))) && (isFinite(data15)))){
validate10.errors = [{instancePath:instancePath+"/candidates/" + i2,schemaPath:"#/properties/candidates/items/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs30){
if((typeof data15 == "number") && (isFinite(data15))){
if(data15 < 1 || isNaN(data15)){
validate10.errors = [{instancePath:instancePath+"/candidates/" + i2,schemaPath:"#/properties/candidates/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
var valid5 = _errs30 === errors;
if(!valid5){
break;
}
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/candidates",schemaPath:"#/properties/candidates/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid0 = _errs28 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.labels !== undefined){
let data16 = data.labels;
const _errs32 = errors;
if((!(Array.isArray(data16))) && (data16 !== null)){
validate10.errors = [{instancePath:instancePath+"/labels",schemaPath:"#/properties/labels/type",keyword:"type",params:{type: schema11.properties.labels.type},message:"must be array,null"}];
return false;
}
if(errors === _errs32){
if(Array.isArray(data16)){
var valid6 = true;
const len3 = data16.length;
for(let i3=0; i3<len3; i3++){
let data17 = data16[i3];
const _errs34 = errors;
if(!(((typeof data17 == "number") && (!(data17 % 1) && !isNaN(data17))) && (isFinite(data17)))){
validate10.errors = [{instancePath:instancePath+"/labels/" + i3,schemaPath:"#/properties/labels/items/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs34){
if((typeof data17 == "number") && (isFinite(data17))){
if(data17 < 0 || isNaN(data17)){
validate10.errors = [{instancePath:instancePath+"/labels/" + i3,schemaPath:"#/properties/labels/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid6 = _errs34 === errors;
if(!valid6){
break;
}
}
}
}
var valid0 = _errs32 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.timeGrid !== undefined){
let data18 = data.timeGrid;
const _errs36 = errors;
if(errors === _errs36){
if(typeof data18 === "string"){
if(data18.length < 1){
validate10.errors = [{instancePath:instancePath+"/timeGrid",schemaPath:"#/properties/timeGrid/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"}];
return false;
}
}
else {
validate10.errors = [{instancePath:instancePath+"/timeGrid",schemaPath:"#/properties/timeGrid/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid0 = _errs36 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.steps !== undefined){
let data19 = data.steps;
const _errs38 = errors;
if(errors === _errs38){
if(Array.isArray(data19)){
if(data19.length < 1){
validate10.errors = [{instancePath:instancePath+"/steps",schemaPath:"#/properties/steps/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"}];
return false;
}
else {
var valid7 = true;
const len4 = data19.length;
for(let i4=0; i4<len4; i4++){
let data20 = data19[i4];
const _errs40 = errors;
if(errors === _errs40){
if(data20 && typeof data20 == "object" && !Array.isArray(data20)){
let missing2;
if((((((((data20.step === undefined) && (missing2 = "step")) || ((data20.t === undefined) && (missing2 = "t"))) || ((data20.signal === undefined) && (missing2 = "signal"))) || ((data20.sigma === undefined) && (missing2 = "sigma"))) || ((data20.patchSize === undefined) && (missing2 = "patchSize"))) || ((data20.perSample === undefined) && (missing2 = "perSample"))) || ((data20.similarity === undefined) && (missing2 = "similarity"))){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4,schemaPath:"#/properties/steps/items/required",keyword:"required",params:{missingProperty: missing2},message:"must have required property '"+missing2+"'"}];
return false;
}
else {
const _errs42 = errors;
for(const key3 in data20){
if(!(func2.call(schema11.properties.steps.items.properties, key3))){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4,schemaPath:"#/properties/steps/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key3},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs42 === errors){
if(data20.step !== undefined){
let data21 = data20.step;
const _errs43 = errors;
if(!(((typeof data21 == "number") && (!(data21 % 1) && !isNaN(data21))) && (isFinite(data21)))){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/step",schemaPath:"#/properties/steps/items/properties/step/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs43){
if((typeof data21 == "number") && (isFinite(data21))){
if(data21 < 1 || isNaN(data21)){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/step",schemaPath:"#/properties/steps/items/properties/step/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
var valid8 = _errs43 === errors;
}
else {
var valid8 = true;
}
if(valid8){
if(data20.t !== undefined){
let data22 = data20.t;
const _errs45 = errors;
if(errors === _errs45){
if((typeof data22 == "number") && (isFinite(data22))){
if(data22 > 1 || isNaN(data22)){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/t",schemaPath:"#/properties/steps/items/properties/t/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1},message:"must be <= 1"}];
return false;
}
else {
if(data22 <= 0 || isNaN(data22)){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/t",schemaPath:"#/properties/steps/items/properties/t/exclusiveMinimum",keyword:"exclusiveMinimum",params:{comparison: ">", limit: 0},message:"must be > 0"}];
return false;
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/t",schemaPath:"#/properties/steps/items/properties/t/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid8 = _errs45 === errors;
}
else {
var valid8 = true;
}
if(valid8){
if(data20.signal !== undefined){
let data23 = data20.signal;
const _errs47 = errors;
if(errors === _errs47){
if((typeof data23 == "number") && (isFinite(data23))){
if(data23 < 0 || isNaN(data23)){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/signal",schemaPath:"#/properties/steps/items/properties/signal/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
else {
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/signal",schemaPath:"#/properties/steps/items/properties/signal/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid8 = _errs47 === errors;
}
else {
var valid8 = true;
}
if(valid8){
if(data20.sigma !== undefined){
let data24 = data20.sigma;
const _errs49 = errors;
if(errors === _errs49){
if((typeof data24 == "number") && (isFinite(data24))){
if(data24 <= 0 || isNaN(data24)){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/sigma",schemaPath:"#/properties/steps/items/properties/sigma/exclusiveMinimum",keyword:"exclusiveMinimum",params:{comparison: ">", limit: 0},message:"must be > 0"}];
return false;
}
}
else {
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/sigma",schemaPath:"#/properties/steps/items/properties/sigma/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid8 = _errs49 === errors;
}
else {
var valid8 = true;
}
if(valid8){
if(data20.patchSize !== undefined){
let data25 = data20.patchSize;
const _errs51 = errors;
if(!(((typeof data25 == "number") && (!(data25 % 1) && !isNaN(data25))) && (isFinite(data25)))){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/patchSize",schemaPath:"#/properties/steps/items/properties/patchSize/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
var valid8 = _errs51 === errors;
}
else {
var valid8 = true;
}
if(valid8){
if(data20.perSample !== undefined){
let data26 = data20.perSample;
const _errs53 = errors;
if(errors === _errs53){
if(Array.isArray(data26)){
var valid9 = true;
const len5 = data26.length;
for(let i5=0; i5<len5; i5++){
let data27 = data26[i5];
const _errs55 = errors;
if(!(((typeof data27 == "number") && (!(data27 % 1) && !isNaN(data27))) && (isFinite(data27)))){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/perSample/" + i5,schemaPath:"#/properties/steps/items/properties/perSample/items/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
var valid9 = _errs55 === errors;
if(!valid9){
break;
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/perSample",schemaPath:"#/properties/steps/items/properties/perSample/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid8 = _errs53 === errors;
}
else {
var valid8 = true;
}
if(valid8){
if(data20.certainty !== undefined){
let data28 = data20.certainty;
const _errs57 = errors;
if(errors === _errs57){
if((typeof data28 == "number") && (isFinite(data28))){
if(data28 > 1 || isNaN(data28)){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/certainty",schemaPath:"#/properties/steps/items/properties/certainty/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1},message:"must be <= 1"}];
return false;
}
else {
if(data28 < 0 || isNaN(data28)){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/certainty",schemaPath:"#/properties/steps/items/properties/certainty/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/certainty",schemaPath:"#/properties/steps/items/properties/certainty/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid8 = _errs57 === errors;
}
else {
var valid8 = true;
}
if(valid8){
if(data20.images !== undefined){
let data29 = data20.images;
const _errs59 = errors;
if(!(((typeof data29 == "number") && (!(data29 % 1) && !isNaN(data29))) && (isFinite(data29)))){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/images",schemaPath:"#/properties/steps/items/properties/images/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs59){
if((typeof data29 == "number") && (isFinite(data29))){
if(data29 < 1 || isNaN(data29)){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/images",schemaPath:"#/properties/steps/items/properties/images/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
var valid8 = _errs59 === errors;
}
else {
var valid8 = true;
}
if(valid8){
if(data20.similarity !== undefined){
let data30 = data20.similarity;
const _errs61 = errors;
if(errors === _errs61){
if(Array.isArray(data30)){
var valid10 = true;
const len6 = data30.length;
for(let i6=0; i6<len6; i6++){
let data31 = data30[i6];
const _errs63 = errors;
if(errors === _errs63){
if(Array.isArray(data31)){
var valid11 = true;
const len7 = data31.length;
for(let i7=0; i7<len7; i7++){
let data32 = data31[i7];
const _errs65 = errors;
if((!((typeof data32 == "number") && (isFinite(data32)))) && (data32 !== null)){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/similarity/" + i6+"/" + i7,schemaPath:"#/properties/steps/items/properties/similarity/items/items/type",keyword:"type",params:{type: schema11.properties.steps.items.properties.similarity.items.items.type},message:"must be number,null"}];
return false;
}
var valid11 = _errs65 === errors;
if(!valid11){
break;
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/similarity/" + i6,schemaPath:"#/properties/steps/items/properties/similarity/items/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid10 = _errs63 === errors;
if(!valid10){
break;
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/similarity",schemaPath:"#/properties/steps/items/properties/similarity/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid8 = _errs61 === errors;
}
else {
var valid8 = true;
}
}
}
}
}
}
}
}
}
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/steps/" + i4,schemaPath:"#/properties/steps/items/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid7 = _errs40 === errors;
if(!valid7){
break;
}
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/steps",schemaPath:"#/properties/steps/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid0 = _errs38 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.refinement !== undefined){
let data33 = data.refinement;
const _errs67 = errors;
if(errors === _errs67){
if(data33 && typeof data33 == "object" && !Array.isArray(data33)){
let missing3;
if(((((((data33.measure === undefined) && (missing3 = "measure")) || ((data33.samples === undefined) && (missing3 = "samples"))) || ((data33.start === undefined) && (missing3 = "start"))) || ((data33.startScore === undefined) && (missing3 = "startScore"))) || ((data33.score === undefined) && (missing3 = "score"))) || ((data33.trials === undefined) && (missing3 = "trials"))){
validate10.errors = [{instancePath:instancePath+"/refinement",schemaPath:"#/properties/refinement/required",keyword:"required",params:{missingProperty: missing3},message:"must have required property '"+missing3+"'"}];
return false;
}
else {
if(data33.measure !== undefined){
const _errs69 = errors;
if(typeof data33.measure !== "string"){
validate10.errors = [{instancePath:instancePath+"/refinement/measure",schemaPath:"#/properties/refinement/properties/measure/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid12 = _errs69 === errors;
}
else {
var valid12 = true;
}
if(valid12){
if(data33.sampler !== undefined){
const _errs71 = errors;
if(typeof data33.sampler !== "string"){
validate10.errors = [{instancePath:instancePath+"/refinement/sampler",schemaPath:"#/properties/refinement/properties/sampler/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid12 = _errs71 === errors;
}
else {
var valid12 = true;
}
if(valid12){
if(data33.grid !== undefined){
const _errs73 = errors;
if(typeof data33.grid !== "string"){
validate10.errors = [{instancePath:instancePath+"/refinement/grid",schemaPath:"#/properties/refinement/properties/grid/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid12 = _errs73 === errors;
}
else {
var valid12 = true;
}
if(valid12){
if(data33.networkSteps !== undefined){
let data37 = data33.networkSteps;
const _errs75 = errors;
if(!(((typeof data37 == "number") && (!(data37 % 1) && !isNaN(data37))) && (isFinite(data37)))){
validate10.errors = [{instancePath:instancePath+"/refinement/networkSteps",schemaPath:"#/properties/refinement/properties/networkSteps/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs75){
if((typeof data37 == "number") && (isFinite(data37))){
if(data37 < 1 || isNaN(data37)){
validate10.errors = [{instancePath:instancePath+"/refinement/networkSteps",schemaPath:"#/properties/refinement/properties/networkSteps/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
var valid12 = _errs75 === errors;
}
else {
var valid12 = true;
}
if(valid12){
if(data33.seed !== undefined){
let data38 = data33.seed;
const _errs77 = errors;
if((!(((typeof data38 == "number") && (!(data38 % 1) && !isNaN(data38))) && (isFinite(data38)))) && (data38 !== null)){
validate10.errors = [{instancePath:instancePath+"/refinement/seed",schemaPath:"#/properties/refinement/properties/seed/type",keyword:"type",params:{type: schema11.properties.refinement.properties.seed.type},message:"must be integer,null"}];
return false;
}
if(errors === _errs77){
if((typeof data38 == "number") && (isFinite(data38))){
if(data38 < 0 || isNaN(data38)){
validate10.errors = [{instancePath:instancePath+"/refinement/seed",schemaPath:"#/properties/refinement/properties/seed/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid12 = _errs77 === errors;
}
else {
var valid12 = true;
}
if(valid12){
if(data33.samples !== undefined){
let data39 = data33.samples;
const _errs79 = errors;
if(!(((typeof data39 == "number") && (!(data39 % 1) && !isNaN(data39))) && (isFinite(data39)))){
validate10.errors = [{instancePath:instancePath+"/refinement/samples",schemaPath:"#/properties/refinement/properties/samples/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs79){
if((typeof data39 == "number") && (isFinite(data39))){
if(data39 < 1 || isNaN(data39)){
validate10.errors = [{instancePath:instancePath+"/refinement/samples",schemaPath:"#/properties/refinement/properties/samples/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
var valid12 = _errs79 === errors;
}
else {
var valid12 = true;
}
if(valid12){
if(data33.labels !== undefined){
let data40 = data33.labels;
const _errs81 = errors;
if((!(Array.isArray(data40))) && (data40 !== null)){
validate10.errors = [{instancePath:instancePath+"/refinement/labels",schemaPath:"#/properties/refinement/properties/labels/type",keyword:"type",params:{type: schema11.properties.refinement.properties.labels.type},message:"must be array,null"}];
return false;
}
if(errors === _errs81){
if(Array.isArray(data40)){
var valid13 = true;
const len8 = data40.length;
for(let i8=0; i8<len8; i8++){
let data41 = data40[i8];
const _errs83 = errors;
if(!(((typeof data41 == "number") && (!(data41 % 1) && !isNaN(data41))) && (isFinite(data41)))){
validate10.errors = [{instancePath:instancePath+"/refinement/labels/" + i8,schemaPath:"#/properties/refinement/properties/labels/items/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs83){
if((typeof data41 == "number") && (isFinite(data41))){
if(data41 < 0 || isNaN(data41)){
validate10.errors = [{instancePath:instancePath+"/refinement/labels/" + i8,schemaPath:"#/properties/refinement/properties/labels/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid13 = _errs83 === errors;
if(!valid13){
break;
}
}
}
}
var valid12 = _errs81 === errors;
}
else {
var valid12 = true;
}
if(valid12){
if(data33.start !== undefined){
let data42 = data33.start;
const _errs85 = errors;
if(errors === _errs85){
if(Array.isArray(data42)){
var valid14 = true;
const len9 = data42.length;
for(let i9=0; i9<len9; i9++){
let data43 = data42[i9];
const _errs87 = errors;
if(!(((typeof data43 == "number") && (!(data43 % 1) && !isNaN(data43))) && (isFinite(data43)))){
validate10.errors = [{instancePath:instancePath+"/refinement/start/" + i9,schemaPath:"#/properties/refinement/properties/start/items/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
var valid14 = _errs87 === errors;
if(!valid14){
break;
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/refinement/start",schemaPath:"#/properties/refinement/properties/start/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid12 = _errs85 === errors;
}
else {
var valid12 = true;
}
if(valid12){
if(data33.startScore !== undefined){
let data44 = data33.startScore;
const _errs89 = errors;
if(!((typeof data44 == "number") && (isFinite(data44)))){
validate10.errors = [{instancePath:instancePath+"/refinement/startScore",schemaPath:"#/properties/refinement/properties/startScore/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
var valid12 = _errs89 === errors;
}
else {
var valid12 = true;
}
if(valid12){
if(data33.score !== undefined){
let data45 = data33.score;
const _errs91 = errors;
if(!((typeof data45 == "number") && (isFinite(data45)))){
validate10.errors = [{instancePath:instancePath+"/refinement/score",schemaPath:"#/properties/refinement/properties/score/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
var valid12 = _errs91 === errors;
}
else {
var valid12 = true;
}
if(valid12){
if(data33.trials !== undefined){
let data46 = data33.trials;
const _errs93 = errors;
if(errors === _errs93){
if(Array.isArray(data46)){
var valid15 = true;
const len10 = data46.length;
for(let i10=0; i10<len10; i10++){
let data47 = data46[i10];
const _errs95 = errors;
if(errors === _errs95){
if(data47 && typeof data47 == "object" && !Array.isArray(data47)){
let missing4;
if(((((((data47.pass === undefined) && (missing4 = "pass")) || ((data47.step === undefined) && (missing4 = "step"))) || ((data47.patchSize === undefined) && (missing4 = "patchSize"))) || ((data47.score === undefined) && (missing4 = "score"))) || ((data47.perSample === undefined) && (missing4 = "perSample"))) || ((data47.accepted === undefined) && (missing4 = "accepted"))){
validate10.errors = [{instancePath:instancePath+"/refinement/trials/" + i10,schemaPath:"#/properties/refinement/properties/trials/items/required",keyword:"required",params:{missingProperty: missing4},message:"must have required property '"+missing4+"'"}];
return false;
}
else {
if(data47.pass !== undefined){
let data48 = data47.pass;
const _errs97 = errors;
if(!(((typeof data48 == "number") && (!(data48 % 1) && !isNaN(data48))) && (isFinite(data48)))){
validate10.errors = [{instancePath:instancePath+"/refinement/trials/" + i10+"/pass",schemaPath:"#/properties/refinement/properties/trials/items/properties/pass/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs97){
if((typeof data48 == "number") && (isFinite(data48))){
if(data48 < 1 || isNaN(data48)){
validate10.errors = [{instancePath:instancePath+"/refinement/trials/" + i10+"/pass",schemaPath:"#/properties/refinement/properties/trials/items/properties/pass/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
var valid16 = _errs97 === errors;
}
else {
var valid16 = true;
}
if(valid16){
if(data47.step !== undefined){
let data49 = data47.step;
const _errs99 = errors;
if(!(((typeof data49 == "number") && (!(data49 % 1) && !isNaN(data49))) && (isFinite(data49)))){
validate10.errors = [{instancePath:instancePath+"/refinement/trials/" + i10+"/step",schemaPath:"#/properties/refinement/properties/trials/items/properties/step/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs99){
if((typeof data49 == "number") && (isFinite(data49))){
if(data49 < 1 || isNaN(data49)){
validate10.errors = [{instancePath:instancePath+"/refinement/trials/" + i10+"/step",schemaPath:"#/properties/refinement/properties/trials/items/properties/step/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
var valid16 = _errs99 === errors;
}
else {
var valid16 = true;
}
if(valid16){
if(data47.patchSize !== undefined){
let data50 = data47.patchSize;
const _errs101 = errors;
if(!(((typeof data50 == "number") && (!(data50 % 1) && !isNaN(data50))) && (isFinite(data50)))){
validate10.errors = [{instancePath:instancePath+"/refinement/trials/" + i10+"/patchSize",schemaPath:"#/properties/refinement/properties/trials/items/properties/patchSize/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs101){
if((typeof data50 == "number") && (isFinite(data50))){
if(data50 < 1 || isNaN(data50)){
validate10.errors = [{instancePath:instancePath+"/refinement/trials/" + i10+"/patchSize",schemaPath:"#/properties/refinement/properties/trials/items/properties/patchSize/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
var valid16 = _errs101 === errors;
}
else {
var valid16 = true;
}
if(valid16){
if(data47.score !== undefined){
let data51 = data47.score;
const _errs103 = errors;
if(!((typeof data51 == "number") && (isFinite(data51)))){
validate10.errors = [{instancePath:instancePath+"/refinement/trials/" + i10+"/score",schemaPath:"#/properties/refinement/properties/trials/items/properties/score/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
var valid16 = _errs103 === errors;
}
else {
var valid16 = true;
}
if(valid16){
if(data47.perSample !== undefined){
let data52 = data47.perSample;
const _errs105 = errors;
if(errors === _errs105){
if(Array.isArray(data52)){
var valid17 = true;
const len11 = data52.length;
for(let i11=0; i11<len11; i11++){
let data53 = data52[i11];
const _errs107 = errors;
if(!((typeof data53 == "number") && (isFinite(data53)))){
validate10.errors = [{instancePath:instancePath+"/refinement/trials/" + i10+"/perSample/" + i11,schemaPath:"#/properties/refinement/properties/trials/items/properties/perSample/items/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
var valid17 = _errs107 === errors;
if(!valid17){
break;
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/refinement/trials/" + i10+"/perSample",schemaPath:"#/properties/refinement/properties/trials/items/properties/perSample/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid16 = _errs105 === errors;
}
else {
var valid16 = true;
}
if(valid16){
if(data47.accepted !== undefined){
const _errs109 = errors;
if(typeof data47.accepted !== "boolean"){
validate10.errors = [{instancePath:instancePath+"/refinement/trials/" + i10+"/accepted",schemaPath:"#/properties/refinement/properties/trials/items/properties/accepted/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"}];
return false;
}
var valid16 = _errs109 === errors;
}
else {
var valid16 = true;
}
}
}
}
}
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/refinement/trials/" + i10,schemaPath:"#/properties/refinement/properties/trials/items/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid15 = _errs95 === errors;
if(!valid15){
break;
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/refinement/trials",schemaPath:"#/properties/refinement/properties/trials/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid12 = _errs93 === errors;
}
else {
var valid12 = true;
}
}
}
}
}
}
}
}
}
}
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/refinement",schemaPath:"#/properties/refinement/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs67 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.provenance !== undefined){
let data55 = data.provenance;
const _errs111 = errors;
if(errors === _errs111){
if(data55 && typeof data55 == "object" && !Array.isArray(data55)){
let missing5;
if(((((data55.toolkit === undefined) && (missing5 = "toolkit")) || ((data55.runtime === undefined) && (missing5 = "runtime"))) || ((data55.seed === undefined) && (missing5 = "seed"))) || ((data55.config === undefined) && (missing5 = "config"))){
validate10.errors = [{instancePath:instancePath+"/provenance",schemaPath:"#/properties/provenance/required",keyword:"required",params:{missingProperty: missing5},message:"must have required property '"+missing5+"'"}];
return false;
}
else {
if(data55.toolkit !== undefined){
const _errs113 = errors;
if(typeof data55.toolkit !== "string"){
validate10.errors = [{instancePath:instancePath+"/provenance/toolkit",schemaPath:"#/properties/provenance/properties/toolkit/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid18 = _errs113 === errors;
}
else {
var valid18 = true;
}
if(valid18){
if(data55.runtime !== undefined){
const _errs115 = errors;
if(typeof data55.runtime !== "string"){
validate10.errors = [{instancePath:instancePath+"/provenance/runtime",schemaPath:"#/properties/provenance/properties/runtime/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid18 = _errs115 === errors;
}
else {
var valid18 = true;
}
if(valid18){
if(data55.networkBackend !== undefined){
const _errs117 = errors;
if(typeof data55.networkBackend !== "string"){
validate10.errors = [{instancePath:instancePath+"/provenance/networkBackend",schemaPath:"#/properties/provenance/properties/networkBackend/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid18 = _errs117 === errors;
}
else {
var valid18 = true;
}
if(valid18){
if(data55.machineBackend !== undefined){
const _errs119 = errors;
if(typeof data55.machineBackend !== "string"){
validate10.errors = [{instancePath:instancePath+"/provenance/machineBackend",schemaPath:"#/properties/provenance/properties/machineBackend/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid18 = _errs119 === errors;
}
else {
var valid18 = true;
}
if(valid18){
if(data55.seed !== undefined){
let data60 = data55.seed;
const _errs121 = errors;
if(!(((typeof data60 == "number") && (!(data60 % 1) && !isNaN(data60))) && (isFinite(data60)))){
validate10.errors = [{instancePath:instancePath+"/provenance/seed",schemaPath:"#/properties/provenance/properties/seed/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs121){
if((typeof data60 == "number") && (isFinite(data60))){
if(data60 < 0 || isNaN(data60)){
validate10.errors = [{instancePath:instancePath+"/provenance/seed",schemaPath:"#/properties/provenance/properties/seed/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid18 = _errs121 === errors;
}
else {
var valid18 = true;
}
if(valid18){
if(data55.dataset !== undefined){
let data61 = data55.dataset;
const _errs123 = errors;
if(errors === _errs123){
if(data61 && typeof data61 == "object" && !Array.isArray(data61)){
let missing6;
if(((((data61.name === undefined) && (missing6 = "name")) || ((data61.split === undefined) && (missing6 = "split"))) || ((data61.images === undefined) && (missing6 = "images"))) || ((data61.sha256 === undefined) && (missing6 = "sha256"))){
validate10.errors = [{instancePath:instancePath+"/provenance/dataset",schemaPath:"#/properties/provenance/properties/dataset/required",keyword:"required",params:{missingProperty: missing6},message:"must have required property '"+missing6+"'"}];
return false;
}
else {
if(data61.name !== undefined){
const _errs125 = errors;
if(typeof data61.name !== "string"){
validate10.errors = [{instancePath:instancePath+"/provenance/dataset/name",schemaPath:"#/properties/provenance/properties/dataset/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid19 = _errs125 === errors;
}
else {
var valid19 = true;
}
if(valid19){
if(data61.split !== undefined){
const _errs127 = errors;
if(typeof data61.split !== "string"){
validate10.errors = [{instancePath:instancePath+"/provenance/dataset/split",schemaPath:"#/properties/provenance/properties/dataset/properties/split/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid19 = _errs127 === errors;
}
else {
var valid19 = true;
}
if(valid19){
if(data61.images !== undefined){
let data64 = data61.images;
const _errs129 = errors;
if(!(((typeof data64 == "number") && (!(data64 % 1) && !isNaN(data64))) && (isFinite(data64)))){
validate10.errors = [{instancePath:instancePath+"/provenance/dataset/images",schemaPath:"#/properties/provenance/properties/dataset/properties/images/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs129){
if((typeof data64 == "number") && (isFinite(data64))){
if(data64 < 1 || isNaN(data64)){
validate10.errors = [{instancePath:instancePath+"/provenance/dataset/images",schemaPath:"#/properties/provenance/properties/dataset/properties/images/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
var valid19 = _errs129 === errors;
}
else {
var valid19 = true;
}
if(valid19){
if(data61.classes !== undefined){
let data65 = data61.classes;
const _errs131 = errors;
if(errors === _errs131){
if(Array.isArray(data65)){
var valid20 = true;
const len12 = data65.length;
for(let i12=0; i12<len12; i12++){
let data66 = data65[i12];
const _errs133 = errors;
if(!(((typeof data66 == "number") && (!(data66 % 1) && !isNaN(data66))) && (isFinite(data66)))){
validate10.errors = [{instancePath:instancePath+"/provenance/dataset/classes/" + i12,schemaPath:"#/properties/provenance/properties/dataset/properties/classes/items/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs133){
if((typeof data66 == "number") && (isFinite(data66))){
if(data66 < 0 || isNaN(data66)){
validate10.errors = [{instancePath:instancePath+"/provenance/dataset/classes/" + i12,schemaPath:"#/properties/provenance/properties/dataset/properties/classes/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid20 = _errs133 === errors;
if(!valid20){
break;
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/provenance/dataset/classes",schemaPath:"#/properties/provenance/properties/dataset/properties/classes/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid19 = _errs131 === errors;
}
else {
var valid19 = true;
}
if(valid19){
if(data61.sha256 !== undefined){
let data67 = data61.sha256;
const _errs135 = errors;
const _errs136 = errors;
if(errors === _errs136){
if(typeof data67 === "string"){
if(!pattern0.test(data67)){
validate10.errors = [{instancePath:instancePath+"/provenance/dataset/sha256",schemaPath:"#/definitions/sha256/pattern",keyword:"pattern",params:{pattern: "^[0-9a-f]{64}$"},message:"must match pattern \""+"^[0-9a-f]{64}$"+"\""}];
return false;
}
}
else {
validate10.errors = [{instancePath:instancePath+"/provenance/dataset/sha256",schemaPath:"#/definitions/sha256/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid19 = _errs135 === errors;
}
else {
var valid19 = true;
}
}
}
}
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/provenance/dataset",schemaPath:"#/properties/provenance/properties/dataset/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid18 = _errs123 === errors;
}
else {
var valid18 = true;
}
if(valid18){
if(data55.network !== undefined){
let data68 = data55.network;
const _errs138 = errors;
if(errors === _errs138){
if(data68 && typeof data68 == "object" && !Array.isArray(data68)){
let missing7;
if((((data68.name === undefined) && (missing7 = "name")) || ((data68.sha256 === undefined) && (missing7 = "sha256"))) || ((data68.architecture === undefined) && (missing7 = "architecture"))){
validate10.errors = [{instancePath:instancePath+"/provenance/network",schemaPath:"#/properties/provenance/properties/network/required",keyword:"required",params:{missingProperty: missing7},message:"must have required property '"+missing7+"'"}];
return false;
}
else {
if(data68.name !== undefined){
const _errs140 = errors;
if(typeof data68.name !== "string"){
validate10.errors = [{instancePath:instancePath+"/provenance/network/name",schemaPath:"#/properties/provenance/properties/network/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid22 = _errs140 === errors;
}
else {
var valid22 = true;
}
if(valid22){
if(data68.sha256 !== undefined){
let data70 = data68.sha256;
const _errs142 = errors;
const _errs143 = errors;
if(errors === _errs143){
if(typeof data70 === "string"){
if(!pattern0.test(data70)){
validate10.errors = [{instancePath:instancePath+"/provenance/network/sha256",schemaPath:"#/definitions/sha256/pattern",keyword:"pattern",params:{pattern: "^[0-9a-f]{64}$"},message:"must match pattern \""+"^[0-9a-f]{64}$"+"\""}];
return false;
}
}
else {
validate10.errors = [{instancePath:instancePath+"/provenance/network/sha256",schemaPath:"#/definitions/sha256/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid22 = _errs142 === errors;
}
else {
var valid22 = true;
}
if(valid22){
if(data68.architecture !== undefined){
let data71 = data68.architecture;
const _errs145 = errors;
if(!(data71 && typeof data71 == "object" && !Array.isArray(data71))){
validate10.errors = [{instancePath:instancePath+"/provenance/network/architecture",schemaPath:"#/properties/provenance/properties/network/properties/architecture/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
var valid22 = _errs145 === errors;
}
else {
var valid22 = true;
}
}
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/provenance/network",schemaPath:"#/properties/provenance/properties/network/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid18 = _errs138 === errors;
}
else {
var valid18 = true;
}
if(valid18){
if(data55.config !== undefined){
let data72 = data55.config;
const _errs147 = errors;
if(!(data72 && typeof data72 == "object" && !Array.isArray(data72))){
validate10.errors = [{instancePath:instancePath+"/provenance/config",schemaPath:"#/properties/provenance/properties/config/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
var valid18 = _errs147 === errors;
}
else {
var valid18 = true;
}
}
}
}
}
}
}
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/provenance",schemaPath:"#/properties/provenance/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs111 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.edited !== undefined){
const _errs149 = errors;
if(true !== data.edited){
validate10.errors = [{instancePath:instancePath+"/edited",schemaPath:"#/properties/edited/const",keyword:"const",params:{allowedValue: true},message:"must be equal to constant"}];
return false;
}
var valid0 = _errs149 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.checksum !== undefined){
let data74 = data.checksum;
const _errs150 = errors;
if(errors === _errs150){
if(typeof data74 === "string"){
if(!pattern2.test(data74)){
validate10.errors = [{instancePath:instancePath+"/checksum",schemaPath:"#/properties/checksum/pattern",keyword:"pattern",params:{pattern: "^crc32:[0-9a-f]{8}$"},message:"must match pattern \""+"^crc32:[0-9a-f]{8}$"+"\""}];
return false;
}
}
else {
validate10.errors = [{instancePath:instancePath+"/checksum",schemaPath:"#/properties/checksum/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid0 = _errs150 === errors;
}
else {
var valid0 = true;
}
}
}
}
}
}
}
}
}
}
}
}
}
}
}
}
}
}
}
}
else {
validate10.errors = [{instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
validate10.errors = vErrors;
return errors === 0;
}
