// Solids of the view in space, with z up as in the cell frame. A colour is the name of one of the
// page's own (`--ink`), read each time something is drawn, so that a variant of the page holds here too.

import {
  BoxGeometry, BufferGeometry, CapsuleGeometry, CylinderGeometry, DoubleSide, EdgesGeometry, ExtrudeGeometry, Float32BufferAttribute,
  LineBasicMaterial, LineSegments, Matrix4, Mesh, MeshLambertMaterial, Shape, SphereGeometry, Vector2, Vector3,
} from "./vendor/three.module.min.js";

const ROUND = 24; // corners of a circle
const UP = new Vector3(0, 1, 0); // of three's own solids

const coloured = (material, name) => Object.assign(material, { userData: { colour: name } });
export const solid = (colour, opacity = 1) => coloured(new MeshLambertMaterial({ transparent: opacity < 1, opacity, depthWrite: opacity === 1, side: opacity < 1 ? DoubleSide : 0 }), colour);
export const stroke = (colour) => coloured(new LineBasicMaterial(), colour);

// A pose of 16 numbers row by row.
export function place(thing, pose) {
  new Matrix4().set(...pose).decompose(thing.position, thing.quaternion, thing.scale);
  return thing;
}

const GEOMETRIES = {
  box: ([x, y, z]) => new BoxGeometry(x, y, z),
  cylinder: ([radius, length]) => new CylinderGeometry(radius, radius, length, ROUND).rotateX(Math.PI / 2),
  sphere: ([radius]) => new SphereGeometry(radius, ROUND, ROUND / 2),
};

export function shape({ kind, size, pose }, material) {
  return place(new Mesh(GEOMETRIES[kind](size), material), pose);
}

// Line segments between pairs of points.
export function lines(points, material) {
  return new LineSegments(new BufferGeometry().setAttribute("position", new Float32BufferAttribute(points.flat(), 3)), material);
}

// A capsule of any length and radius on the same vertices: nothing is made anew when it changes.
export class Capsule extends Mesh {
  constructor(material) {
    super(new CapsuleGeometry(1, 2, 8, ROUND), material);
    this.unit = this.geometry.attributes.position.clone();
    this.frustumCulled = false;
  }

  set(from, to, radius) {
    const [start, end] = [new Vector3(...from), new Vector3(...to)];
    const half = start.distanceTo(end) / 2;
    const at = this.geometry.attributes.position;
    for (let i = 0; i < at.count; i += 1) {
      const side = Math.sign(this.unit.getY(i));
      at.setXYZ(i, radius * this.unit.getX(i), radius * (this.unit.getY(i) - side) + side * half, radius * this.unit.getZ(i));
    }
    at.needsUpdate = true;
    this.position.copy(start).add(end).multiplyScalar(0.5);
    if (half > 0) this.quaternion.setFromUnitVectors(UP, end.sub(start).normalize());
    return this;
  }
}

// What stands over an area of the floor between two heights: its faces, and its edges.
export function prism(corners, low, high, face, edge) {
  const geometry = new ExtrudeGeometry(new Shape(corners.map(([x, y]) => new Vector2(x, y))), { depth: high - low, bevelEnabled: false });
  geometry.translate(0, 0, low);
  return [new Mesh(geometry, face), new LineSegments(new EdgesGeometry(geometry, 20), edge)];
}

export const circle = ([x, y, radius]) => Array.from({ length: 2 * ROUND }, (_, i) => {
  const turn = (Math.PI * i) / ROUND;
  return [x + radius * Math.cos(turn), y + radius * Math.sin(turn)];
});
