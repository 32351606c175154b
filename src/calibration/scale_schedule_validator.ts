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

const schema11 = {"type":"object","required":["format","version","imageShape","machine","padding","noiseSchedule","metric","aggregate","candidates","labels","steps","provenance"],"additionalProperties":false,"properties":{"$schema":{"type":"string"},"format":{"const":"els-scale-schedule"},"version":{"enum":[1,2]},"imageShape":{"type":"array","items":{"type":"integer","minimum":1},"minItems":3,"maxItems":3},"machine":{"type":"string","minLength":1},"padding":{"enum":["zeros","circular"]},"noiseSchedule":{"type":"object","required":["name","parameters"],"additionalProperties":false,"properties":{"name":{"type":"string","minLength":1},"parameters":{"type":"object","additionalProperties":{"type":["number","string","array"],"items":{"type":"number"}}}}},"metric":{"type":"string","minLength":1},"window":{"type":"string"},"aggregate":{"enum":["median","mode"]},"candidates":{"type":"array","items":{"type":"number","minimum":1},"minItems":1},"labels":{"type":["array","null"],"items":{"type":"integer","minimum":0}},"timeGrid":{"type":"string","minLength":1},"steps":{"type":"array","minItems":1,"items":{"type":"object","required":["step","t","signal","sigma","patchSize","perSample","similarity"],"additionalProperties":false,"properties":{"step":{"type":"integer","minimum":1},"t":{"type":"number","exclusiveMinimum":0,"maximum":1},"signal":{"type":"number","minimum":0},"sigma":{"type":"number","exclusiveMinimum":0},"patchSize":{"type":"number"},"perClass":{"type":"array","minItems":1,"items":{"type":"object","required":["label","patchSize","interval"],"additionalProperties":false,"properties":{"label":{"type":"integer","minimum":0},"patchSize":{"type":"number"},"interval":{"type":"array","items":{"type":"number"},"minItems":2,"maxItems":2}}}},"profile":{"type":"array","minItems":1,"items":{"type":"number","minimum":0}},"perSample":{"type":"array","items":{"type":"number"}},"certainty":{"type":"number","minimum":0,"maximum":1},"interval":{"type":"array","items":{"type":"number"},"minItems":2,"maxItems":2},"images":{"type":"integer","minimum":1},"similarity":{"type":"array","items":{"type":"array","items":{"type":["number","null"]}}}}}},"refinement":{"type":"object","required":["measure","samples","start","startScore","score","trials"],"properties":{"measure":{"type":"string"},"sampler":{"type":"string"},"grid":{"type":"string"},"networkSteps":{"type":"integer","minimum":1},"seed":{"type":["integer","null"],"minimum":0},"samples":{"type":"integer","minimum":1},"labels":{"type":["array","null"],"items":{"type":"integer","minimum":0}},"start":{"type":"array","items":{"type":"number"}},"startScore":{"type":"number"},"score":{"type":"number"},"trials":{"type":"array","items":{"type":"object","required":["pass","step","patchSize","score","perSample","accepted"],"properties":{"pass":{"type":"integer","minimum":1},"step":{"type":"integer","minimum":1},"patchSize":{"type":"number","minimum":1},"score":{"type":"number"},"perSample":{"type":"array","items":{"type":"number"}},"accepted":{"type":"boolean"}}}}}},"provenance":{"type":"object","required":["toolkit","runtime","seed","config"],"properties":{"toolkit":{"type":"string"},"runtime":{"type":"string"},"networkBackend":{"type":"string"},"machineBackend":{"type":"string"},"seed":{"type":"integer","minimum":0},"dataset":{"type":"object","required":["name","split","images","sha256"],"properties":{"name":{"type":"string"},"split":{"type":"string"},"images":{"type":"integer","minimum":1},"classes":{"type":"array","items":{"type":"integer","minimum":0}},"sha256":{"$ref":"#/definitions/sha256"}}},"network":{"type":"object","required":["name","sha256","architecture"],"properties":{"name":{"type":"string"},"sha256":{"$ref":"#/definitions/sha256"},"architecture":{"type":"object"}}},"config":{"type":"object"}}},"edited":{"const":true},"checksum":{"type":"string","pattern":"^crc32:[0-9a-f]{8}$"}},"definitions":{"sha256":{"type":"string","pattern":"^[0-9a-f]{64}$"}}};
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
let data2 = data.version;
const _errs5 = errors;
if(!((data2 === 1) || (data2 === 2))){
validate10.errors = [{instancePath:instancePath+"/version",schemaPath:"#/properties/version/enum",keyword:"enum",params:{allowedValues: schema11.properties.version.enum},message:"must be equal to one of the allowed values"}];
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
if(data.window !== undefined){
const _errs27 = errors;
if(typeof data.window !== "string"){
validate10.errors = [{instancePath:instancePath+"/window",schemaPath:"#/properties/window/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid0 = _errs27 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.aggregate !== undefined){
let data14 = data.aggregate;
const _errs29 = errors;
if(!((data14 === "median") || (data14 === "mode"))){
validate10.errors = [{instancePath:instancePath+"/aggregate",schemaPath:"#/properties/aggregate/enum",keyword:"enum",params:{allowedValues: schema11.properties.aggregate.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid0 = _errs29 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.candidates !== undefined){
let data15 = data.candidates;
const _errs30 = errors;
if(errors === _errs30){
if(Array.isArray(data15)){
if(data15.length < 1){
validate10.errors = [{instancePath:instancePath+"/candidates",schemaPath:"#/properties/candidates/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"}];
return false;
}
else {
var valid5 = true;
const len2 = data15.length;
for(let i2=0; i2<len2; i2++){
let data16 = data15[i2];
const _errs32 = errors;
if(errors === _errs32){
if((typeof data16 == "number") && (isFinite(data16))){
if(data16 < 1 || isNaN(data16)){
validate10.errors = [{instancePath:instancePath+"/candidates/" + i2,schemaPath:"#/properties/candidates/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
else {
validate10.errors = [{instancePath:instancePath+"/candidates/" + i2,schemaPath:"#/properties/candidates/items/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid5 = _errs32 === errors;
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
var valid0 = _errs30 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.labels !== undefined){
let data17 = data.labels;
const _errs34 = errors;
if((!(Array.isArray(data17))) && (data17 !== null)){
validate10.errors = [{instancePath:instancePath+"/labels",schemaPath:"#/properties/labels/type",keyword:"type",params:{type: schema11.properties.labels.type},message:"must be array,null"}];
return false;
}
if(errors === _errs34){
if(Array.isArray(data17)){
var valid6 = true;
const len3 = data17.length;
for(let i3=0; i3<len3; i3++){
let data18 = data17[i3];
const _errs36 = errors;
if(!(((typeof data18 == "number") && (!(data18 % 1) && !isNaN(data18))) && (isFinite(data18)))){
validate10.errors = [{instancePath:instancePath+"/labels/" + i3,schemaPath:"#/properties/labels/items/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs36){
if((typeof data18 == "number") && (isFinite(data18))){
if(data18 < 0 || isNaN(data18)){
validate10.errors = [{instancePath:instancePath+"/labels/" + i3,schemaPath:"#/properties/labels/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid6 = _errs36 === errors;
if(!valid6){
break;
}
}
}
}
var valid0 = _errs34 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.timeGrid !== undefined){
let data19 = data.timeGrid;
const _errs38 = errors;
if(errors === _errs38){
if(typeof data19 === "string"){
if(data19.length < 1){
validate10.errors = [{instancePath:instancePath+"/timeGrid",schemaPath:"#/properties/timeGrid/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"}];
return false;
}
}
else {
validate10.errors = [{instancePath:instancePath+"/timeGrid",schemaPath:"#/properties/timeGrid/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid0 = _errs38 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.steps !== undefined){
let data20 = data.steps;
const _errs40 = errors;
if(errors === _errs40){
if(Array.isArray(data20)){
if(data20.length < 1){
validate10.errors = [{instancePath:instancePath+"/steps",schemaPath:"#/properties/steps/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"}];
return false;
}
else {
var valid7 = true;
const len4 = data20.length;
for(let i4=0; i4<len4; i4++){
let data21 = data20[i4];
const _errs42 = errors;
if(errors === _errs42){
if(data21 && typeof data21 == "object" && !Array.isArray(data21)){
let missing2;
if((((((((data21.step === undefined) && (missing2 = "step")) || ((data21.t === undefined) && (missing2 = "t"))) || ((data21.signal === undefined) && (missing2 = "signal"))) || ((data21.sigma === undefined) && (missing2 = "sigma"))) || ((data21.patchSize === undefined) && (missing2 = "patchSize"))) || ((data21.perSample === undefined) && (missing2 = "perSample"))) || ((data21.similarity === undefined) && (missing2 = "similarity"))){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4,schemaPath:"#/properties/steps/items/required",keyword:"required",params:{missingProperty: missing2},message:"must have required property '"+missing2+"'"}];
return false;
}
else {
const _errs44 = errors;
for(const key3 in data21){
if(!(func2.call(schema11.properties.steps.items.properties, key3))){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4,schemaPath:"#/properties/steps/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key3},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs44 === errors){
if(data21.step !== undefined){
let data22 = data21.step;
const _errs45 = errors;
if(!(((typeof data22 == "number") && (!(data22 % 1) && !isNaN(data22))) && (isFinite(data22)))){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/step",schemaPath:"#/properties/steps/items/properties/step/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs45){
if((typeof data22 == "number") && (isFinite(data22))){
if(data22 < 1 || isNaN(data22)){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/step",schemaPath:"#/properties/steps/items/properties/step/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
var valid8 = _errs45 === errors;
}
else {
var valid8 = true;
}
if(valid8){
if(data21.t !== undefined){
let data23 = data21.t;
const _errs47 = errors;
if(errors === _errs47){
if((typeof data23 == "number") && (isFinite(data23))){
if(data23 > 1 || isNaN(data23)){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/t",schemaPath:"#/properties/steps/items/properties/t/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1},message:"must be <= 1"}];
return false;
}
else {
if(data23 <= 0 || isNaN(data23)){
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
var valid8 = _errs47 === errors;
}
else {
var valid8 = true;
}
if(valid8){
if(data21.signal !== undefined){
let data24 = data21.signal;
const _errs49 = errors;
if(errors === _errs49){
if((typeof data24 == "number") && (isFinite(data24))){
if(data24 < 0 || isNaN(data24)){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/signal",schemaPath:"#/properties/steps/items/properties/signal/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
else {
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/signal",schemaPath:"#/properties/steps/items/properties/signal/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid8 = _errs49 === errors;
}
else {
var valid8 = true;
}
if(valid8){
if(data21.sigma !== undefined){
let data25 = data21.sigma;
const _errs51 = errors;
if(errors === _errs51){
if((typeof data25 == "number") && (isFinite(data25))){
if(data25 <= 0 || isNaN(data25)){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/sigma",schemaPath:"#/properties/steps/items/properties/sigma/exclusiveMinimum",keyword:"exclusiveMinimum",params:{comparison: ">", limit: 0},message:"must be > 0"}];
return false;
}
}
else {
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/sigma",schemaPath:"#/properties/steps/items/properties/sigma/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid8 = _errs51 === errors;
}
else {
var valid8 = true;
}
if(valid8){
if(data21.patchSize !== undefined){
let data26 = data21.patchSize;
const _errs53 = errors;
if(!((typeof data26 == "number") && (isFinite(data26)))){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/patchSize",schemaPath:"#/properties/steps/items/properties/patchSize/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
var valid8 = _errs53 === errors;
}
else {
var valid8 = true;
}
if(valid8){
if(data21.perClass !== undefined){
let data27 = data21.perClass;
const _errs55 = errors;
if(errors === _errs55){
if(Array.isArray(data27)){
if(data27.length < 1){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/perClass",schemaPath:"#/properties/steps/items/properties/perClass/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"}];
return false;
}
else {
var valid9 = true;
const len5 = data27.length;
for(let i5=0; i5<len5; i5++){
let data28 = data27[i5];
const _errs57 = errors;
if(errors === _errs57){
if(data28 && typeof data28 == "object" && !Array.isArray(data28)){
let missing3;
if((((data28.label === undefined) && (missing3 = "label")) || ((data28.patchSize === undefined) && (missing3 = "patchSize"))) || ((data28.interval === undefined) && (missing3 = "interval"))){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/perClass/" + i5,schemaPath:"#/properties/steps/items/properties/perClass/items/required",keyword:"required",params:{missingProperty: missing3},message:"must have required property '"+missing3+"'"}];
return false;
}
else {
const _errs59 = errors;
for(const key4 in data28){
if(!(((key4 === "label") || (key4 === "patchSize")) || (key4 === "interval"))){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/perClass/" + i5,schemaPath:"#/properties/steps/items/properties/perClass/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key4},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs59 === errors){
if(data28.label !== undefined){
let data29 = data28.label;
const _errs60 = errors;
if(!(((typeof data29 == "number") && (!(data29 % 1) && !isNaN(data29))) && (isFinite(data29)))){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/perClass/" + i5+"/label",schemaPath:"#/properties/steps/items/properties/perClass/items/properties/label/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs60){
if((typeof data29 == "number") && (isFinite(data29))){
if(data29 < 0 || isNaN(data29)){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/perClass/" + i5+"/label",schemaPath:"#/properties/steps/items/properties/perClass/items/properties/label/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid10 = _errs60 === errors;
}
else {
var valid10 = true;
}
if(valid10){
if(data28.patchSize !== undefined){
let data30 = data28.patchSize;
const _errs62 = errors;
if(!((typeof data30 == "number") && (isFinite(data30)))){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/perClass/" + i5+"/patchSize",schemaPath:"#/properties/steps/items/properties/perClass/items/properties/patchSize/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
var valid10 = _errs62 === errors;
}
else {
var valid10 = true;
}
if(valid10){
if(data28.interval !== undefined){
let data31 = data28.interval;
const _errs64 = errors;
if(errors === _errs64){
if(Array.isArray(data31)){
if(data31.length > 2){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/perClass/" + i5+"/interval",schemaPath:"#/properties/steps/items/properties/perClass/items/properties/interval/maxItems",keyword:"maxItems",params:{limit: 2},message:"must NOT have more than 2 items"}];
return false;
}
else {
if(data31.length < 2){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/perClass/" + i5+"/interval",schemaPath:"#/properties/steps/items/properties/perClass/items/properties/interval/minItems",keyword:"minItems",params:{limit: 2},message:"must NOT have fewer than 2 items"}];
return false;
}
else {
var valid11 = true;
const len6 = data31.length;
for(let i6=0; i6<len6; i6++){
let data32 = data31[i6];
const _errs66 = errors;
if(!((typeof data32 == "number") && (isFinite(data32)))){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/perClass/" + i5+"/interval/" + i6,schemaPath:"#/properties/steps/items/properties/perClass/items/properties/interval/items/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
var valid11 = _errs66 === errors;
if(!valid11){
break;
}
}
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/perClass/" + i5+"/interval",schemaPath:"#/properties/steps/items/properties/perClass/items/properties/interval/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid10 = _errs64 === errors;
}
else {
var valid10 = true;
}
}
}
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/perClass/" + i5,schemaPath:"#/properties/steps/items/properties/perClass/items/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid9 = _errs57 === errors;
if(!valid9){
break;
}
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/perClass",schemaPath:"#/properties/steps/items/properties/perClass/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid8 = _errs55 === errors;
}
else {
var valid8 = true;
}
if(valid8){
if(data21.profile !== undefined){
let data33 = data21.profile;
const _errs68 = errors;
if(errors === _errs68){
if(Array.isArray(data33)){
if(data33.length < 1){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/profile",schemaPath:"#/properties/steps/items/properties/profile/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"}];
return false;
}
else {
var valid12 = true;
const len7 = data33.length;
for(let i7=0; i7<len7; i7++){
let data34 = data33[i7];
const _errs70 = errors;
if(errors === _errs70){
if((typeof data34 == "number") && (isFinite(data34))){
if(data34 < 0 || isNaN(data34)){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/profile/" + i7,schemaPath:"#/properties/steps/items/properties/profile/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
else {
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/profile/" + i7,schemaPath:"#/properties/steps/items/properties/profile/items/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid12 = _errs70 === errors;
if(!valid12){
break;
}
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/profile",schemaPath:"#/properties/steps/items/properties/profile/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid8 = _errs68 === errors;
}
else {
var valid8 = true;
}
if(valid8){
if(data21.perSample !== undefined){
let data35 = data21.perSample;
const _errs72 = errors;
if(errors === _errs72){
if(Array.isArray(data35)){
var valid13 = true;
const len8 = data35.length;
for(let i8=0; i8<len8; i8++){
let data36 = data35[i8];
const _errs74 = errors;
if(!((typeof data36 == "number") && (isFinite(data36)))){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/perSample/" + i8,schemaPath:"#/properties/steps/items/properties/perSample/items/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
var valid13 = _errs74 === errors;
if(!valid13){
break;
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/perSample",schemaPath:"#/properties/steps/items/properties/perSample/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid8 = _errs72 === errors;
}
else {
var valid8 = true;
}
if(valid8){
if(data21.certainty !== undefined){
let data37 = data21.certainty;
const _errs76 = errors;
if(errors === _errs76){
if((typeof data37 == "number") && (isFinite(data37))){
if(data37 > 1 || isNaN(data37)){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/certainty",schemaPath:"#/properties/steps/items/properties/certainty/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1},message:"must be <= 1"}];
return false;
}
else {
if(data37 < 0 || isNaN(data37)){
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
var valid8 = _errs76 === errors;
}
else {
var valid8 = true;
}
if(valid8){
if(data21.interval !== undefined){
let data38 = data21.interval;
const _errs78 = errors;
if(errors === _errs78){
if(Array.isArray(data38)){
if(data38.length > 2){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/interval",schemaPath:"#/properties/steps/items/properties/interval/maxItems",keyword:"maxItems",params:{limit: 2},message:"must NOT have more than 2 items"}];
return false;
}
else {
if(data38.length < 2){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/interval",schemaPath:"#/properties/steps/items/properties/interval/minItems",keyword:"minItems",params:{limit: 2},message:"must NOT have fewer than 2 items"}];
return false;
}
else {
var valid14 = true;
const len9 = data38.length;
for(let i9=0; i9<len9; i9++){
let data39 = data38[i9];
const _errs80 = errors;
if(!((typeof data39 == "number") && (isFinite(data39)))){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/interval/" + i9,schemaPath:"#/properties/steps/items/properties/interval/items/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
var valid14 = _errs80 === errors;
if(!valid14){
break;
}
}
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/interval",schemaPath:"#/properties/steps/items/properties/interval/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid8 = _errs78 === errors;
}
else {
var valid8 = true;
}
if(valid8){
if(data21.images !== undefined){
let data40 = data21.images;
const _errs82 = errors;
if(!(((typeof data40 == "number") && (!(data40 % 1) && !isNaN(data40))) && (isFinite(data40)))){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/images",schemaPath:"#/properties/steps/items/properties/images/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs82){
if((typeof data40 == "number") && (isFinite(data40))){
if(data40 < 1 || isNaN(data40)){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/images",schemaPath:"#/properties/steps/items/properties/images/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
var valid8 = _errs82 === errors;
}
else {
var valid8 = true;
}
if(valid8){
if(data21.similarity !== undefined){
let data41 = data21.similarity;
const _errs84 = errors;
if(errors === _errs84){
if(Array.isArray(data41)){
var valid15 = true;
const len10 = data41.length;
for(let i10=0; i10<len10; i10++){
let data42 = data41[i10];
const _errs86 = errors;
if(errors === _errs86){
if(Array.isArray(data42)){
var valid16 = true;
const len11 = data42.length;
for(let i11=0; i11<len11; i11++){
let data43 = data42[i11];
const _errs88 = errors;
if((!((typeof data43 == "number") && (isFinite(data43)))) && (data43 !== null)){
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/similarity/" + i10+"/" + i11,schemaPath:"#/properties/steps/items/properties/similarity/items/items/type",keyword:"type",params:{type: schema11.properties.steps.items.properties.similarity.items.items.type},message:"must be number,null"}];
return false;
}
var valid16 = _errs88 === errors;
if(!valid16){
break;
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/similarity/" + i10,schemaPath:"#/properties/steps/items/properties/similarity/items/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid15 = _errs86 === errors;
if(!valid15){
break;
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/steps/" + i4+"/similarity",schemaPath:"#/properties/steps/items/properties/similarity/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid8 = _errs84 === errors;
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
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/steps/" + i4,schemaPath:"#/properties/steps/items/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid7 = _errs42 === errors;
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
var valid0 = _errs40 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.refinement !== undefined){
let data44 = data.refinement;
const _errs90 = errors;
if(errors === _errs90){
if(data44 && typeof data44 == "object" && !Array.isArray(data44)){
let missing4;
if(((((((data44.measure === undefined) && (missing4 = "measure")) || ((data44.samples === undefined) && (missing4 = "samples"))) || ((data44.start === undefined) && (missing4 = "start"))) || ((data44.startScore === undefined) && (missing4 = "startScore"))) || ((data44.score === undefined) && (missing4 = "score"))) || ((data44.trials === undefined) && (missing4 = "trials"))){
validate10.errors = [{instancePath:instancePath+"/refinement",schemaPath:"#/properties/refinement/required",keyword:"required",params:{missingProperty: missing4},message:"must have required property '"+missing4+"'"}];
return false;
}
else {
if(data44.measure !== undefined){
const _errs92 = errors;
if(typeof data44.measure !== "string"){
validate10.errors = [{instancePath:instancePath+"/refinement/measure",schemaPath:"#/properties/refinement/properties/measure/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid17 = _errs92 === errors;
}
else {
var valid17 = true;
}
if(valid17){
if(data44.sampler !== undefined){
const _errs94 = errors;
if(typeof data44.sampler !== "string"){
validate10.errors = [{instancePath:instancePath+"/refinement/sampler",schemaPath:"#/properties/refinement/properties/sampler/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid17 = _errs94 === errors;
}
else {
var valid17 = true;
}
if(valid17){
if(data44.grid !== undefined){
const _errs96 = errors;
if(typeof data44.grid !== "string"){
validate10.errors = [{instancePath:instancePath+"/refinement/grid",schemaPath:"#/properties/refinement/properties/grid/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid17 = _errs96 === errors;
}
else {
var valid17 = true;
}
if(valid17){
if(data44.networkSteps !== undefined){
let data48 = data44.networkSteps;
const _errs98 = errors;
if(!(((typeof data48 == "number") && (!(data48 % 1) && !isNaN(data48))) && (isFinite(data48)))){
validate10.errors = [{instancePath:instancePath+"/refinement/networkSteps",schemaPath:"#/properties/refinement/properties/networkSteps/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs98){
if((typeof data48 == "number") && (isFinite(data48))){
if(data48 < 1 || isNaN(data48)){
validate10.errors = [{instancePath:instancePath+"/refinement/networkSteps",schemaPath:"#/properties/refinement/properties/networkSteps/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
var valid17 = _errs98 === errors;
}
else {
var valid17 = true;
}
if(valid17){
if(data44.seed !== undefined){
let data49 = data44.seed;
const _errs100 = errors;
if((!(((typeof data49 == "number") && (!(data49 % 1) && !isNaN(data49))) && (isFinite(data49)))) && (data49 !== null)){
validate10.errors = [{instancePath:instancePath+"/refinement/seed",schemaPath:"#/properties/refinement/properties/seed/type",keyword:"type",params:{type: schema11.properties.refinement.properties.seed.type},message:"must be integer,null"}];
return false;
}
if(errors === _errs100){
if((typeof data49 == "number") && (isFinite(data49))){
if(data49 < 0 || isNaN(data49)){
validate10.errors = [{instancePath:instancePath+"/refinement/seed",schemaPath:"#/properties/refinement/properties/seed/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid17 = _errs100 === errors;
}
else {
var valid17 = true;
}
if(valid17){
if(data44.samples !== undefined){
let data50 = data44.samples;
const _errs102 = errors;
if(!(((typeof data50 == "number") && (!(data50 % 1) && !isNaN(data50))) && (isFinite(data50)))){
validate10.errors = [{instancePath:instancePath+"/refinement/samples",schemaPath:"#/properties/refinement/properties/samples/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs102){
if((typeof data50 == "number") && (isFinite(data50))){
if(data50 < 1 || isNaN(data50)){
validate10.errors = [{instancePath:instancePath+"/refinement/samples",schemaPath:"#/properties/refinement/properties/samples/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
var valid17 = _errs102 === errors;
}
else {
var valid17 = true;
}
if(valid17){
if(data44.labels !== undefined){
let data51 = data44.labels;
const _errs104 = errors;
if((!(Array.isArray(data51))) && (data51 !== null)){
validate10.errors = [{instancePath:instancePath+"/refinement/labels",schemaPath:"#/properties/refinement/properties/labels/type",keyword:"type",params:{type: schema11.properties.refinement.properties.labels.type},message:"must be array,null"}];
return false;
}
if(errors === _errs104){
if(Array.isArray(data51)){
var valid18 = true;
const len12 = data51.length;
for(let i12=0; i12<len12; i12++){
let data52 = data51[i12];
const _errs106 = errors;
if(!(((typeof data52 == "number") && (!(data52 % 1) && !isNaN(data52))) && (isFinite(data52)))){
validate10.errors = [{instancePath:instancePath+"/refinement/labels/" + i12,schemaPath:"#/properties/refinement/properties/labels/items/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs106){
if((typeof data52 == "number") && (isFinite(data52))){
if(data52 < 0 || isNaN(data52)){
validate10.errors = [{instancePath:instancePath+"/refinement/labels/" + i12,schemaPath:"#/properties/refinement/properties/labels/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid18 = _errs106 === errors;
if(!valid18){
break;
}
}
}
}
var valid17 = _errs104 === errors;
}
else {
var valid17 = true;
}
if(valid17){
if(data44.start !== undefined){
let data53 = data44.start;
const _errs108 = errors;
if(errors === _errs108){
if(Array.isArray(data53)){
var valid19 = true;
const len13 = data53.length;
for(let i13=0; i13<len13; i13++){
let data54 = data53[i13];
const _errs110 = errors;
if(!((typeof data54 == "number") && (isFinite(data54)))){
validate10.errors = [{instancePath:instancePath+"/refinement/start/" + i13,schemaPath:"#/properties/refinement/properties/start/items/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
var valid19 = _errs110 === errors;
if(!valid19){
break;
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/refinement/start",schemaPath:"#/properties/refinement/properties/start/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid17 = _errs108 === errors;
}
else {
var valid17 = true;
}
if(valid17){
if(data44.startScore !== undefined){
let data55 = data44.startScore;
const _errs112 = errors;
if(!((typeof data55 == "number") && (isFinite(data55)))){
validate10.errors = [{instancePath:instancePath+"/refinement/startScore",schemaPath:"#/properties/refinement/properties/startScore/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
var valid17 = _errs112 === errors;
}
else {
var valid17 = true;
}
if(valid17){
if(data44.score !== undefined){
let data56 = data44.score;
const _errs114 = errors;
if(!((typeof data56 == "number") && (isFinite(data56)))){
validate10.errors = [{instancePath:instancePath+"/refinement/score",schemaPath:"#/properties/refinement/properties/score/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
var valid17 = _errs114 === errors;
}
else {
var valid17 = true;
}
if(valid17){
if(data44.trials !== undefined){
let data57 = data44.trials;
const _errs116 = errors;
if(errors === _errs116){
if(Array.isArray(data57)){
var valid20 = true;
const len14 = data57.length;
for(let i14=0; i14<len14; i14++){
let data58 = data57[i14];
const _errs118 = errors;
if(errors === _errs118){
if(data58 && typeof data58 == "object" && !Array.isArray(data58)){
let missing5;
if(((((((data58.pass === undefined) && (missing5 = "pass")) || ((data58.step === undefined) && (missing5 = "step"))) || ((data58.patchSize === undefined) && (missing5 = "patchSize"))) || ((data58.score === undefined) && (missing5 = "score"))) || ((data58.perSample === undefined) && (missing5 = "perSample"))) || ((data58.accepted === undefined) && (missing5 = "accepted"))){
validate10.errors = [{instancePath:instancePath+"/refinement/trials/" + i14,schemaPath:"#/properties/refinement/properties/trials/items/required",keyword:"required",params:{missingProperty: missing5},message:"must have required property '"+missing5+"'"}];
return false;
}
else {
if(data58.pass !== undefined){
let data59 = data58.pass;
const _errs120 = errors;
if(!(((typeof data59 == "number") && (!(data59 % 1) && !isNaN(data59))) && (isFinite(data59)))){
validate10.errors = [{instancePath:instancePath+"/refinement/trials/" + i14+"/pass",schemaPath:"#/properties/refinement/properties/trials/items/properties/pass/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs120){
if((typeof data59 == "number") && (isFinite(data59))){
if(data59 < 1 || isNaN(data59)){
validate10.errors = [{instancePath:instancePath+"/refinement/trials/" + i14+"/pass",schemaPath:"#/properties/refinement/properties/trials/items/properties/pass/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
var valid21 = _errs120 === errors;
}
else {
var valid21 = true;
}
if(valid21){
if(data58.step !== undefined){
let data60 = data58.step;
const _errs122 = errors;
if(!(((typeof data60 == "number") && (!(data60 % 1) && !isNaN(data60))) && (isFinite(data60)))){
validate10.errors = [{instancePath:instancePath+"/refinement/trials/" + i14+"/step",schemaPath:"#/properties/refinement/properties/trials/items/properties/step/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs122){
if((typeof data60 == "number") && (isFinite(data60))){
if(data60 < 1 || isNaN(data60)){
validate10.errors = [{instancePath:instancePath+"/refinement/trials/" + i14+"/step",schemaPath:"#/properties/refinement/properties/trials/items/properties/step/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
var valid21 = _errs122 === errors;
}
else {
var valid21 = true;
}
if(valid21){
if(data58.patchSize !== undefined){
let data61 = data58.patchSize;
const _errs124 = errors;
if(errors === _errs124){
if((typeof data61 == "number") && (isFinite(data61))){
if(data61 < 1 || isNaN(data61)){
validate10.errors = [{instancePath:instancePath+"/refinement/trials/" + i14+"/patchSize",schemaPath:"#/properties/refinement/properties/trials/items/properties/patchSize/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
else {
validate10.errors = [{instancePath:instancePath+"/refinement/trials/" + i14+"/patchSize",schemaPath:"#/properties/refinement/properties/trials/items/properties/patchSize/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid21 = _errs124 === errors;
}
else {
var valid21 = true;
}
if(valid21){
if(data58.score !== undefined){
let data62 = data58.score;
const _errs126 = errors;
if(!((typeof data62 == "number") && (isFinite(data62)))){
validate10.errors = [{instancePath:instancePath+"/refinement/trials/" + i14+"/score",schemaPath:"#/properties/refinement/properties/trials/items/properties/score/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
var valid21 = _errs126 === errors;
}
else {
var valid21 = true;
}
if(valid21){
if(data58.perSample !== undefined){
let data63 = data58.perSample;
const _errs128 = errors;
if(errors === _errs128){
if(Array.isArray(data63)){
var valid22 = true;
const len15 = data63.length;
for(let i15=0; i15<len15; i15++){
let data64 = data63[i15];
const _errs130 = errors;
if(!((typeof data64 == "number") && (isFinite(data64)))){
validate10.errors = [{instancePath:instancePath+"/refinement/trials/" + i14+"/perSample/" + i15,schemaPath:"#/properties/refinement/properties/trials/items/properties/perSample/items/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
var valid22 = _errs130 === errors;
if(!valid22){
break;
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/refinement/trials/" + i14+"/perSample",schemaPath:"#/properties/refinement/properties/trials/items/properties/perSample/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid21 = _errs128 === errors;
}
else {
var valid21 = true;
}
if(valid21){
if(data58.accepted !== undefined){
const _errs132 = errors;
if(typeof data58.accepted !== "boolean"){
validate10.errors = [{instancePath:instancePath+"/refinement/trials/" + i14+"/accepted",schemaPath:"#/properties/refinement/properties/trials/items/properties/accepted/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"}];
return false;
}
var valid21 = _errs132 === errors;
}
else {
var valid21 = true;
}
}
}
}
}
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/refinement/trials/" + i14,schemaPath:"#/properties/refinement/properties/trials/items/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid20 = _errs118 === errors;
if(!valid20){
break;
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/refinement/trials",schemaPath:"#/properties/refinement/properties/trials/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid17 = _errs116 === errors;
}
else {
var valid17 = true;
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
var valid0 = _errs90 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.provenance !== undefined){
let data66 = data.provenance;
const _errs134 = errors;
if(errors === _errs134){
if(data66 && typeof data66 == "object" && !Array.isArray(data66)){
let missing6;
if(((((data66.toolkit === undefined) && (missing6 = "toolkit")) || ((data66.runtime === undefined) && (missing6 = "runtime"))) || ((data66.seed === undefined) && (missing6 = "seed"))) || ((data66.config === undefined) && (missing6 = "config"))){
validate10.errors = [{instancePath:instancePath+"/provenance",schemaPath:"#/properties/provenance/required",keyword:"required",params:{missingProperty: missing6},message:"must have required property '"+missing6+"'"}];
return false;
}
else {
if(data66.toolkit !== undefined){
const _errs136 = errors;
if(typeof data66.toolkit !== "string"){
validate10.errors = [{instancePath:instancePath+"/provenance/toolkit",schemaPath:"#/properties/provenance/properties/toolkit/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid23 = _errs136 === errors;
}
else {
var valid23 = true;
}
if(valid23){
if(data66.runtime !== undefined){
const _errs138 = errors;
if(typeof data66.runtime !== "string"){
validate10.errors = [{instancePath:instancePath+"/provenance/runtime",schemaPath:"#/properties/provenance/properties/runtime/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid23 = _errs138 === errors;
}
else {
var valid23 = true;
}
if(valid23){
if(data66.networkBackend !== undefined){
const _errs140 = errors;
if(typeof data66.networkBackend !== "string"){
validate10.errors = [{instancePath:instancePath+"/provenance/networkBackend",schemaPath:"#/properties/provenance/properties/networkBackend/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid23 = _errs140 === errors;
}
else {
var valid23 = true;
}
if(valid23){
if(data66.machineBackend !== undefined){
const _errs142 = errors;
if(typeof data66.machineBackend !== "string"){
validate10.errors = [{instancePath:instancePath+"/provenance/machineBackend",schemaPath:"#/properties/provenance/properties/machineBackend/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid23 = _errs142 === errors;
}
else {
var valid23 = true;
}
if(valid23){
if(data66.seed !== undefined){
let data71 = data66.seed;
const _errs144 = errors;
if(!(((typeof data71 == "number") && (!(data71 % 1) && !isNaN(data71))) && (isFinite(data71)))){
validate10.errors = [{instancePath:instancePath+"/provenance/seed",schemaPath:"#/properties/provenance/properties/seed/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs144){
if((typeof data71 == "number") && (isFinite(data71))){
if(data71 < 0 || isNaN(data71)){
validate10.errors = [{instancePath:instancePath+"/provenance/seed",schemaPath:"#/properties/provenance/properties/seed/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid23 = _errs144 === errors;
}
else {
var valid23 = true;
}
if(valid23){
if(data66.dataset !== undefined){
let data72 = data66.dataset;
const _errs146 = errors;
if(errors === _errs146){
if(data72 && typeof data72 == "object" && !Array.isArray(data72)){
let missing7;
if(((((data72.name === undefined) && (missing7 = "name")) || ((data72.split === undefined) && (missing7 = "split"))) || ((data72.images === undefined) && (missing7 = "images"))) || ((data72.sha256 === undefined) && (missing7 = "sha256"))){
validate10.errors = [{instancePath:instancePath+"/provenance/dataset",schemaPath:"#/properties/provenance/properties/dataset/required",keyword:"required",params:{missingProperty: missing7},message:"must have required property '"+missing7+"'"}];
return false;
}
else {
if(data72.name !== undefined){
const _errs148 = errors;
if(typeof data72.name !== "string"){
validate10.errors = [{instancePath:instancePath+"/provenance/dataset/name",schemaPath:"#/properties/provenance/properties/dataset/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid24 = _errs148 === errors;
}
else {
var valid24 = true;
}
if(valid24){
if(data72.split !== undefined){
const _errs150 = errors;
if(typeof data72.split !== "string"){
validate10.errors = [{instancePath:instancePath+"/provenance/dataset/split",schemaPath:"#/properties/provenance/properties/dataset/properties/split/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid24 = _errs150 === errors;
}
else {
var valid24 = true;
}
if(valid24){
if(data72.images !== undefined){
let data75 = data72.images;
const _errs152 = errors;
if(!(((typeof data75 == "number") && (!(data75 % 1) && !isNaN(data75))) && (isFinite(data75)))){
validate10.errors = [{instancePath:instancePath+"/provenance/dataset/images",schemaPath:"#/properties/provenance/properties/dataset/properties/images/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs152){
if((typeof data75 == "number") && (isFinite(data75))){
if(data75 < 1 || isNaN(data75)){
validate10.errors = [{instancePath:instancePath+"/provenance/dataset/images",schemaPath:"#/properties/provenance/properties/dataset/properties/images/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
var valid24 = _errs152 === errors;
}
else {
var valid24 = true;
}
if(valid24){
if(data72.classes !== undefined){
let data76 = data72.classes;
const _errs154 = errors;
if(errors === _errs154){
if(Array.isArray(data76)){
var valid25 = true;
const len16 = data76.length;
for(let i16=0; i16<len16; i16++){
let data77 = data76[i16];
const _errs156 = errors;
if(!(((typeof data77 == "number") && (!(data77 % 1) && !isNaN(data77))) && (isFinite(data77)))){
validate10.errors = [{instancePath:instancePath+"/provenance/dataset/classes/" + i16,schemaPath:"#/properties/provenance/properties/dataset/properties/classes/items/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs156){
if((typeof data77 == "number") && (isFinite(data77))){
if(data77 < 0 || isNaN(data77)){
validate10.errors = [{instancePath:instancePath+"/provenance/dataset/classes/" + i16,schemaPath:"#/properties/provenance/properties/dataset/properties/classes/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid25 = _errs156 === errors;
if(!valid25){
break;
}
}
}
else {
validate10.errors = [{instancePath:instancePath+"/provenance/dataset/classes",schemaPath:"#/properties/provenance/properties/dataset/properties/classes/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid24 = _errs154 === errors;
}
else {
var valid24 = true;
}
if(valid24){
if(data72.sha256 !== undefined){
let data78 = data72.sha256;
const _errs158 = errors;
const _errs159 = errors;
if(errors === _errs159){
if(typeof data78 === "string"){
if(!pattern0.test(data78)){
validate10.errors = [{instancePath:instancePath+"/provenance/dataset/sha256",schemaPath:"#/definitions/sha256/pattern",keyword:"pattern",params:{pattern: "^[0-9a-f]{64}$"},message:"must match pattern \""+"^[0-9a-f]{64}$"+"\""}];
return false;
}
}
else {
validate10.errors = [{instancePath:instancePath+"/provenance/dataset/sha256",schemaPath:"#/definitions/sha256/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid24 = _errs158 === errors;
}
else {
var valid24 = true;
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
var valid23 = _errs146 === errors;
}
else {
var valid23 = true;
}
if(valid23){
if(data66.network !== undefined){
let data79 = data66.network;
const _errs161 = errors;
if(errors === _errs161){
if(data79 && typeof data79 == "object" && !Array.isArray(data79)){
let missing8;
if((((data79.name === undefined) && (missing8 = "name")) || ((data79.sha256 === undefined) && (missing8 = "sha256"))) || ((data79.architecture === undefined) && (missing8 = "architecture"))){
validate10.errors = [{instancePath:instancePath+"/provenance/network",schemaPath:"#/properties/provenance/properties/network/required",keyword:"required",params:{missingProperty: missing8},message:"must have required property '"+missing8+"'"}];
return false;
}
else {
if(data79.name !== undefined){
const _errs163 = errors;
if(typeof data79.name !== "string"){
validate10.errors = [{instancePath:instancePath+"/provenance/network/name",schemaPath:"#/properties/provenance/properties/network/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
var valid27 = _errs163 === errors;
}
else {
var valid27 = true;
}
if(valid27){
if(data79.sha256 !== undefined){
let data81 = data79.sha256;
const _errs165 = errors;
const _errs166 = errors;
if(errors === _errs166){
if(typeof data81 === "string"){
if(!pattern0.test(data81)){
validate10.errors = [{instancePath:instancePath+"/provenance/network/sha256",schemaPath:"#/definitions/sha256/pattern",keyword:"pattern",params:{pattern: "^[0-9a-f]{64}$"},message:"must match pattern \""+"^[0-9a-f]{64}$"+"\""}];
return false;
}
}
else {
validate10.errors = [{instancePath:instancePath+"/provenance/network/sha256",schemaPath:"#/definitions/sha256/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid27 = _errs165 === errors;
}
else {
var valid27 = true;
}
if(valid27){
if(data79.architecture !== undefined){
let data82 = data79.architecture;
const _errs168 = errors;
if(!(data82 && typeof data82 == "object" && !Array.isArray(data82))){
validate10.errors = [{instancePath:instancePath+"/provenance/network/architecture",schemaPath:"#/properties/provenance/properties/network/properties/architecture/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
var valid27 = _errs168 === errors;
}
else {
var valid27 = true;
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
var valid23 = _errs161 === errors;
}
else {
var valid23 = true;
}
if(valid23){
if(data66.config !== undefined){
let data83 = data66.config;
const _errs170 = errors;
if(!(data83 && typeof data83 == "object" && !Array.isArray(data83))){
validate10.errors = [{instancePath:instancePath+"/provenance/config",schemaPath:"#/properties/provenance/properties/config/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
var valid23 = _errs170 === errors;
}
else {
var valid23 = true;
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
var valid0 = _errs134 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.edited !== undefined){
const _errs172 = errors;
if(true !== data.edited){
validate10.errors = [{instancePath:instancePath+"/edited",schemaPath:"#/properties/edited/const",keyword:"const",params:{allowedValue: true},message:"must be equal to constant"}];
return false;
}
var valid0 = _errs172 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.checksum !== undefined){
let data85 = data.checksum;
const _errs173 = errors;
if(errors === _errs173){
if(typeof data85 === "string"){
if(!pattern2.test(data85)){
validate10.errors = [{instancePath:instancePath+"/checksum",schemaPath:"#/properties/checksum/pattern",keyword:"pattern",params:{pattern: "^crc32:[0-9a-f]{8}$"},message:"must match pattern \""+"^crc32:[0-9a-f]{8}$"+"\""}];
return false;
}
}
else {
validate10.errors = [{instancePath:instancePath+"/checksum",schemaPath:"#/properties/checksum/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid0 = _errs173 === errors;
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
}
else {
validate10.errors = [{instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
validate10.errors = vErrors;
return errors === 0;
}
